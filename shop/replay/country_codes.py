"""ISO 3166-1 country codes by English name."""

from functools import cache

from babel import Locale

UNKNOWN = "ZZ"  # Unicode's code for an unknown country

_SPELLINGS_OF_THE_DATA_SET = {"eire": "IE", "usa": "US", "rsa": "ZA", "channel islands": "JE", "hong kong": "HK"}


def country_code(name: str) -> str:
    """The code, or `UNKNOWN` for a name such as "Unspecified"."""
    return _codes().get(name.strip().lower(), UNKNOWN)


@cache
def _codes() -> dict[str, str]:
    """Names from Babel (Unicode CLDR)."""
    names = Locale("en").territories
    known = {name.lower(): code for code, name in names.items() if len(code) == 2 and code.isalpha()}
    return known | _SPELLINGS_OF_THE_DATA_SET
