"""Forms of the checkout: address, shipping and payment."""

import secrets
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from orders.models import ShippingMethod
from payments.gateways import offered_methods
from shop.checkout.address_form import AddressForm
from shop.checkout.shipping_options import is_served, not_served_text
from shop.models import SavedAddress

ADDRESS_FIELDS = ("name", "line1", "postcode", "city", "country")
NEW_ADDRESS = "new"


def new_token() -> str:
    """One for each checkout form that is shown: however often that form is sent, it gives one order."""
    return secrets.token_urlsafe(24)


def _methods() -> list[tuple[str, str]]:
    return [(method.id, str(method.label)) for method in offered_methods()]


class PaymentForm(forms.Form):
    payment_method = forms.ChoiceField(label=_("Payment"), widget=forms.RadioSelect, choices=_methods)


class CheckoutForm(AddressForm, PaymentForm):
    """Prices are no part of it: what a basket costs is looked up. `seen` is only compared with that.

    A saved address that is chosen stands for what the address fields would have said.
    """

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("For the receipt and news of your parcel."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "input w-full"}),
    )
    saved_address = forms.ChoiceField(required=False, widget=forms.RadioSelect, initial=NEW_ADDRESS)
    keep_address = forms.BooleanField(
        required=False,
        label=_("Keep this address for my next order"),
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-primary checkbox-sm"}),
    )
    shipping_method = forms.ChoiceField(
        label=_("Shipping"), widget=forms.RadioSelect, choices=ShippingMethod, initial=ShippingMethod.STANDARD
    )
    token = forms.CharField(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[\w-]{16,64}\Z")])
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    field_order = ["email", "saved_address", *ADDRESS_FIELDS, "keep_address", "shipping_method", "payment_method"]

    def __init__(self, data: QueryDict | None = None, *, saved: Iterable[SavedAddress] = (), **options: Any) -> None:
        self.saved = {str(address.pk): address for address in saved}
        super().__init__(_with_saved(data, self.saved), **options)
        self.fields["saved_address"].choices = [  # type: ignore[attr-defined]
            *((key, str(address)) for key, address in self.saved.items()),
            (NEW_ADDRESS, _("Another address")),
        ]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        country, method = cleaned.get("country"), cleaned.get("shipping_method")
        if country and method and not is_served(country=country, shipping_method=method):
            self.add_error("country", not_served_text())
        return cleaned

    @property
    def is_stale(self) -> bool:
        """Whether what the page itself put into the form came back damaged."""
        return bool({"token", "seen"} & self.errors.keys())

    @property
    def wants_address_kept(self) -> bool:
        return bool(self.cleaned_data["keep_address"]) and self.cleaned_data["saved_address"] not in self.saved

    def lead_to_first_error(self) -> None:
        """Who cannot see the page is led to what is wrong, too, and what is wrong is never folded away."""
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
