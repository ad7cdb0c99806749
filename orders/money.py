"""How is an amount of money shown to a person?"""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision
from django.utils import translation


def display(amount: int, currency: str, locale: str | None = None) -> str:
    """`amount` (minor units of `currency`, ISO 4217) as people of `locale` write it.

    How many digits a minor unit has is the currency's own affair: 1990 is €19.90, but ¥1,990.
    Without `locale` the language of the current request decides.
    """
    spoken = locale or translation.to_locale(translation.get_language() or "en")
    return _display(amount, currency, spoken)


def exact(amount: int, currency: str) -> Decimal:
    """`amount` (minor units of `currency`, ISO 4217) in whole units, as programs read it."""
    return Decimal(amount).scaleb(-get_currency_precision(currency))


@lru_cache(maxsize=4096)
def _display(amount: int, currency: str, locale: str) -> str:
    """Kept, since formatting costs more than all else on a page of 24 prices."""
    return format_currency(exact(amount, currency), currency, locale=locale)
