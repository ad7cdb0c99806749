"""How is an amount shown to a person, where the shop's pages are out of reach?"""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, to_locale


def display(*, amount: int, currency: str) -> str:
    """`amount` minor units of `currency` (ISO 4217) in the reader's language, such as `€12.50`."""
    exact = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(exact, currency, locale=to_locale(get_language() or "en"))
