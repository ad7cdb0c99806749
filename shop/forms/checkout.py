"""What must a shopper tell to buy, and what is said when it does not fit?"""

import secrets

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from orders.models import ShippingMethod
from payments.gateways import offered_methods
from shop.forms.countries import countries
from shop.forms.fields import text_field


def new_token() -> str:
    """One for each checkout form that is shown: however often that form is sent, it gives one order."""
    return secrets.token_urlsafe(24)


def _methods() -> list[tuple[str, str]]:
    return [(method.id, str(method.label)) for method in offered_methods()]


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
    name = text_field(_("Full name"), of="name", autocomplete="name")
    line1 = text_field(_("Street and number"), of="line1", autocomplete="address-line1")
    postcode = text_field(_("Postcode"), of="postcode", autocomplete="postal-code")
    city = text_field(_("City"), of="city", autocomplete="address-level2")
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
