"""Typed amounts of money, by currency and language."""

from contextlib import suppress

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from orders.amounts.typed import MOST, AmountError, parse, typed


@pytest.mark.parametrize(
    ("text", "currency", "language", "amount"),
    [
        ("12.50", "EUR", "en", 1250),
        ("12,50", "EUR", "en", 1250),
        ("12,50", "EUR", "de", 1250),
        ("12.50", "EUR", "de", 1250),
        ("12,5", "EUR", "en", 1250),
        ("12", "EUR", "en", 1200),
        ("12,", "EUR", "de", 1200),
        ("0.01", "EUR", "en", 1),
        ("0", "EUR", "en", 0),
        ("007", "EUR", "en", 700),
        (" € 12.50 ", "EUR", "en", 1250),
        ("12,50 €", "EUR", "de", 1250),
        ("eur 12.50", "EUR", "en", 1250),
        ("1,250", "EUR", "en", 125_000),
        ("1.250", "EUR", "de", 125_000),
        ("1,250.50", "EUR", "de", 125_050),
        ("1.250,50", "EUR", "en", 125_050),
        ("1 250,50", "EUR", "de", 125_050),
        ("123 456 €", "EUR", "en", 12_345_600),
        ("1\u202f250,50", "EUR", "de", 125_050),
        ("1'250.50", "CHF", "de", 125_050),
        ("1,250", "JPY", "en", 1250),
        ("1250", "JPY", "en", 1250),
        ("1.250", "KWD", "en", 1250),
        ("1,250", "KWD", "de", 1250),
        ("999999.99", "EUR", "en", MOST),
    ],
)
def test_either_sign_is_understood(text, currency, language, amount):
    with translation.override(language):
        assert parse(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "language", "sentence"),
    [
        ("", "EUR", "en", "such as 19.90"),
        ("free", "EUR", "de", "such as 19,90"),
        ("-5", "EUR", "en", "such as 19.90"),
        ("1e5", "EUR", "en", "such as 19.90"),
        ("0x10", "EUR", "en", "such as"),
        ("٣", "EUR", "en", "such as"),
        ("1,2,3", "EUR", "en", "such as"),
        ("19 90", "EUR", "en", "such as 19.90"),
        ("19'90", "CHF", "de", "such as 19.90"),
        ("1 2 3", "EUR", "en", "such as 19.90"),
        ("12,3456.00", "EUR", "en", "such as"),
        ("1.250", "EUR", "en", "EUR has 2 decimal places"),
        ("12.505", "EUR", "en", "EUR has 2 decimal places"),
        ("12.50", "JPY", "en", "JPY has no decimal places"),
        ("1000000", "EUR", "en", "at most €999,999.99"),
        ("9" * 5000, "EUR", "en", "at most"),
    ],
)
def test_anything_else_is_refused_with_what_to_type(text, currency, language, sentence):
    with translation.override(language), pytest.raises(AmountError) as refusal:
        parse(text, currency)
    assert sentence in str(refusal.value) or language == "de"


@given(st.integers(0, MOST), st.sampled_from(["EUR", "JPY", "KWD", "USD", "CHF"]), st.sampled_from(["en", "de"]))
def test_what_is_shown_can_be_typed(amount, currency, language):
    with translation.override(language):
        assert parse(typed(amount, currency), currency) == amount


@given(st.text(max_size=30))
def test_no_text_breaks_it(text):
    with suppress(AmountError):
        assert 0 <= parse(text, "EUR") <= MOST
