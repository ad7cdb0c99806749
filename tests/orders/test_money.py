"""Money formatting: minor units by currency and locale."""

import pytest

from orders.money import display


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown"),
    [
        (1990, "EUR", "en", "€19.90"),
        (1990, "EUR", "de", "19,90\xa0€"),
        (1990, "JPY", "en", "¥1,990"),
        (1990, "KWD", "en", "KWD1.990"),
        (5896079, "GBP", "en", "£58,960.79"),
        (-5, "EUR", "en", "-€0.05"),
        (90071992547409931, "EUR", "en", "€900,719,925,474,099.31"),
    ],
)
def test_minor_units_follow_the_currency(amount, currency, locale, shown):
    assert display(amount, currency, locale) == shown


def test_the_language_of_the_request_is_the_default():
    assert display(100, "EUR") == "€1.00"
