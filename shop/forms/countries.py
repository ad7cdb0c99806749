"""Which countries can a shopper choose, by which names?"""

from functools import lru_cache

from babel import Locale
from django.utils import translation

# Codes that Babel knows beside those of countries: unions, and areas made up for tests.
_NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def countries() -> list[tuple[str, str]]:
    """ISO 3166 codes and names, by name, in the language of the request."""
    return _countries(translation.to_locale(translation.get_language() or "en"))


@lru_cache
def _countries(locale: str) -> list[tuple[str, str]]:
    names = Locale.parse(locale).territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRIES]
    return sorted((pair for pair in known if pair[0].isalpha()), key=lambda pair: pair[1])
