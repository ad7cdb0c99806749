"""What may a shopper type in, and what is said when it does not fit?"""

import secrets
from functools import lru_cache
from typing import Any, cast

from babel import Locale
from django import forms
from django.core.validators import RegexValidator
from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from orders.models import Order, ShippingMethod
from payments.gateways import offered_methods
from shop.basket import MAX_QUANTITY

# Codes that Babel knows beside those of countries: unions, and areas made up for tests.
_NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def new_token() -> str:
    """One for each checkout form that is shown: however often that form is sent, it gives one order."""
    return secrets.token_urlsafe(24)


def countries() -> list[tuple[str, str]]:
    """ISO 3166 codes and names, by name, in the language of the request."""
    return _countries(translation.to_locale(translation.get_language() or "en"))


@lru_cache
def _countries(locale: str) -> list[tuple[str, str]]:
    names = Locale.parse(locale).territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRIES]
    return sorted((pair for pair in known if pair[0].isalpha()), key=lambda pair: pair[1])


def _methods() -> list[tuple[str, str]]:
    return [(method.id, str(method.label)) for method in offered_methods()]


class SearchForm(forms.Form):
    q = forms.CharField(max_length=100, required=False)


class BasketForm(forms.Form):
    sku = forms.CharField(max_length=40)
    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)

    def clean_quantity(self) -> int:
        return self.cleaned_data["quantity"] or 1


def _text(label: Any, *, of: str, autocomplete: str, **options: Any) -> forms.CharField:
    """A line of text that is as long as the order's field `of` can hold."""
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, "class": "input w-full"})
    column = cast("models.CharField[str, str]", Order._meta.get_field(of))
    return forms.CharField(label=label, max_length=column.max_length, widget=widget, **options)


class PaymentForm(forms.Form):
    payment_method = forms.ChoiceField(label=_("Payment"), widget=forms.RadioSelect, choices=_methods)


class CheckoutForm(PaymentForm):
    """Prices are no part of it: what a basket costs is looked up. `seen` is only compared with that."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("For the receipt and news of your parcel."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "input w-full"}),
    )
    name = _text(_("Full name"), of="name", autocomplete="name")
    line1 = _text(_("Street and number"), of="line1", autocomplete="address-line1")
    postcode = _text(_("Postcode"), of="postcode", autocomplete="postal-code")
    city = _text(_("City"), of="city", autocomplete="address-level2")
    country = forms.ChoiceField(
        label=_("Country"),
        choices=lambda: [("", _("Choose…")), *countries()],
        widget=forms.Select(attrs={"autocomplete": "country", "class": "select w-full"}),
    )
    shipping_method = forms.ChoiceField(
        label=_("Shipping"), widget=forms.RadioSelect, choices=ShippingMethod, initial=ShippingMethod.STANDARD
    )
    token = forms.CharField(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[\w-]{16,64}\Z")])
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    field_order = ["email", "name", "line1", "postcode", "city", "country", "shipping_method", "payment_method"]

    @property
    def is_stale(self) -> bool:
        """Whether what the page itself put into the form came back damaged."""
        return bool({"token", "seen"} & self.errors.keys())

    def focus_first_error(self) -> None:
        """Who cannot see the page is led to what is wrong, too."""
        for name in self.fields:
            if name in self.errors and not self[name].is_hidden:
                self.fields[name].widget.attrs["autofocus"] = True
                return
