"""Countries a shopper can choose, named in the active language."""

from functools import lru_cache

from babel import Locale
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

# Babel also has codes for unions, parts of countries, and test regions.
_NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "CP", "CQ", "DG", "EA", "IC"}


def countries() -> list[tuple[str, str]]:
    """ISO 3166 codes and names in the active language, sorted by name."""
    return _countries(translation.to_locale(translation.get_language() or "en"))


def country_name(code: str) -> str:
    """The country's name in the active language; a code that is not known stays as it is."""
    return dict(countries()).get(code, code)


def likely_country(*, accept_language: str) -> str:
    """The first country among a browser's languages, such as AT in `de-AT,de;q=0.9`; empty if there is none."""
    known = dict(countries())
    for language, _quality in parse_accept_lang_header(accept_language):
        region = language.rpartition("-")[2].upper()
        if region in known and "-" in language:
            return region
    return ""


@lru_cache
def _countries(locale: str) -> list[tuple[str, str]]:
    names = Locale.parse(locale).territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code not in _NOT_COUNTRIES]
    return sorted((pair for pair in known if pair[0].isalpha()), key=lambda pair: pair[1])
