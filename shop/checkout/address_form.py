"""Form for a name and address, validated for its country."""

from dataclasses import asdict, fields
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.values import Address
from shop.checkout import postal_rules
from shop.checkout.countries import countries
from shop.checkout.form_fields import text_field

_PARTS = tuple(field.name for field in fields(Address))


class AddressForm(forms.Form):
    """Name and address, with the autocomplete tokens browsers use to fill them in."""

    name = text_field(gettext_lazy("Full name"), of="name", autocomplete="name")
    line1 = text_field(gettext_lazy("Street and number"), of="line1", autocomplete="address-line1")
    line2 = text_field(gettext_lazy("Flat, floor or company"), of="line2", autocomplete="address-line2", required=False)
    postcode = text_field(gettext_lazy("Postcode"), of="postcode", autocomplete="postal-code", required=False)
    city = text_field(gettext_lazy("City"), of="city", autocomplete="address-level2")
    state = text_field(gettext_lazy("State or province"), of="state", autocomplete="address-level1", required=False)
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=lambda: [("", _("Choose…")), *countries()],
        widget=forms.Select(attrs={"autocomplete": "country", "class": "select w-full"}),
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if "country" not in cleaned:  # most countries have postcodes
            if cleaned.get("postcode") == "":
                self.add_error("postcode", _("Please enter your postcode."))
            return cleaned
        parts = {name: cleaned.get(name, "") for name in _PARTS}
        try:
            return cleaned | asdict(postal_rules.checked(Address(**parts)))
        except postal_rules.InvalidAddress as invalid:
            for name, text in invalid.errors.items():
                if name not in self.errors:
                    self.add_error(name, text)
        return cleaned

    @property
    def address(self) -> Address:
        return Address(**{name: self.cleaned_data[name] for name in _PARTS})
