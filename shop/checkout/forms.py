"""Checkout forms: address, shipping and payment."""

import secrets
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from orders.models import ShippingMethod
from payments.gateways import is_collected, offered_methods
from shop.checkout.address_form import AddressForm
from shop.checkout.shipping_options import is_served, not_served_text
from shop.models import SavedAddress

ADDRESS_FIELDS = tuple(AddressForm.base_fields)
NEW_ADDRESS = "new"


def new_token() -> str:
    """Token for one rendered checkout form: however often it is submitted, it places one order."""
    return secrets.token_urlsafe(24)


def _methods() -> list[tuple[str, str]]:
    return [(method.id, str(method.label)) for method in offered_methods()]


class MethodField(forms.ChoiceField):
    """A method of the list, or one that the gateway's own form has collected in the browser."""

    def valid_value(self, value: Any) -> bool:
        return super().valid_value(value) or is_collected(str(value))


class PaymentForm(forms.Form):
    payment_method = MethodField(
        label=_("Payment"),
        widget=forms.RadioSelect,
        choices=_methods,
        error_messages={"required": _("Your payment details are missing.")},
    )


class CheckoutForm(AddressForm, PaymentForm):
    """Prices are never taken from the form: `seen`, the digest of what the shopper saw, is only compared.

    A chosen saved address replaces the address fields.
    """

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("For your receipt and delivery updates."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "input w-full"}),
    )
    saved_address = forms.ChoiceField(required=False, widget=forms.RadioSelect, initial=NEW_ADDRESS)
    keep_address = forms.BooleanField(
        required=False,
        label=_("Save this address for next time"),
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-primary checkbox-sm"}),
    )
    shipping_method = forms.ChoiceField(
        label=_("Shipping"), widget=forms.RadioSelect, choices=ShippingMethod, initial=ShippingMethod.STANDARD
    )
    token = forms.CharField(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[\w-]{16,64}\Z")])
    seen = forms.CharField(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[0-9a-f]{64}\Z")])

    field_order = ["email", "saved_address", *ADDRESS_FIELDS, "keep_address", "shipping_method", "payment_method"]

    def __init__(self, data: QueryDict | None = None, *, saved: Iterable[SavedAddress] = (), **options: Any) -> None:
        self.saved = {str(address.pk): address for address in saved}
        super().__init__(_with_saved(data, self.saved), **options)
        self.fields["saved_address"].choices = [  # type: ignore[attr-defined]
            *((key, str(address)) for key, address in self.saved.items()),
            (NEW_ADDRESS, _("Use a different address")),
        ]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        country, method = cleaned.get("country"), cleaned.get("shipping_method")
        if country and method and not is_served(country=country, shipping_method=method):
            self.add_error("country", not_served_text())
        return cleaned

    @property
    def destination(self) -> dict[str, str]:
        """Country and postcode as far as they are chosen: what the shopper typed, or what the form begins with."""
        saved = self.saved.get(str(self["saved_address"].value()))
        values = {"country": saved.country, "postcode": saved.postcode} if saved else {}
        return {name: values.get(name) or str(self[name].value() or "") for name in ("country", "postcode")}

    @property
    def is_stale(self) -> bool:
        """Whether the form's hidden fields came back invalid."""
        return bool({"token", "seen"} & self.errors.keys())

    @property
    def should_save_address(self) -> bool:
        return bool(self.cleaned_data["keep_address"]) and self.cleaned_data["saved_address"] not in self.saved

    def focus_first_error(self) -> None:
        """Focus the first invalid field, and unfold the address fields if one of them is invalid."""
        if self.errors.keys() & set(ADDRESS_FIELDS):
            self.data = dict(self.data.items()) | {"saved_address": NEW_ADDRESS}
        for name in self.fields:
            if name in self.errors and not self[name].is_hidden:
                self.fields[name].widget.attrs["autofocus"] = True
                return


def _with_saved(data: QueryDict | None, saved: dict[str, SavedAddress]) -> QueryDict | None:
    chosen = saved.get(data.get("saved_address", "")) if data else None
    if data is None or chosen is None:
        return data
    filled = data.copy()
    for name in ADDRESS_FIELDS:
        filled[name] = getattr(chosen, name)
    return filled
