"""ISO 3166-1 codes of countries by their English names."""

from functools import cache

from babel import Locale

UNKNOWN = "ZZ"  # Unicode's code for an unknown country

_AS_THE_RETAILER_WRITES = {"eire": "IE", "usa": "US", "rsa": "ZA", "channel islands": "JE", "hong kong": "HK"}


def country_code(name: str) -> str:
    """The code, or `UNKNOWN` for a name that is no country's, such as "Unspecified"."""
    return _codes().get(name.strip().lower(), UNKNOWN)


@cache
def _codes() -> dict[str, str]:
    """From the names that Babel carries (Unicode CLDR)."""
    names = Locale("en").territories
    known = {name.lower(): code for code, name in names.items() if len(code) == 2 and code.isalpha()}
    return known | _AS_THE_RETAILER_WRITES
