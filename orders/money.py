"""Formats amounts of money for people and for programs.

Currencies are named by ISO 4217. How many decimal places one has, and so its minor unit, is what CLDR says. The two
differ for some: AFN, ALL, LAK, MMK and RSD, for example, have none in CLDR, and two in ISO 4217.
"""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision
from django.utils import translation


def display(amount: int, currency: str, locale: str | None = None) -> str:
    """`amount` (minor units of `currency`, as CLDR has them) as written in `locale`.

    The number of decimal places depends on the currency: 1990 is €19.90, but ¥1,990.
    `locale` defaults to the language of the current request.
    """
    chosen = locale or translation.to_locale(translation.get_language() or "en")
    return _display(amount, currency, chosen)


def exact(amount: int, currency: str) -> Decimal:
    """`amount` (minor units of `currency`, as CLDR has them) in whole units, for programs."""
    return Decimal(amount).scaleb(-get_currency_precision(currency))


@lru_cache(maxsize=4096)
def _display(amount: int, currency: str, locale: str) -> str:
    """Cached: without it, formatting is the largest cost of a page with 24 prices."""
    return format_currency(exact(amount, currency), currency, locale=locale)
