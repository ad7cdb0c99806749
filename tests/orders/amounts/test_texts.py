"""Sentences about VAT: by rate, exempt or not determined, in the active language."""

import pytest
from django.utils import translation

from orders.amounts.tax import Tax, TaxAt
from orders.amounts.texts import percent, tax_notes

TWO_RATES = Tax((TaxAt(2550, 12550, 2550), TaxAt(700, 107, 7)), is_exempt=False)


def test_each_rate_has_its_sentence():
    assert tax_notes(tax=TWO_RATES, currency="EUR") == ["Includes €25.50 VAT (25.5%).", "Includes €0.07 VAT (7%)."]


def test_exempt_and_undetermined_tax_say_so():
    assert tax_notes(tax=Tax((), is_exempt=True), currency="EUR") == ["No VAT: delivery outside the EU’s VAT area."]
    assert tax_notes(tax=Tax((), is_exempt=False), currency="EUR") == ["Prices include VAT."]


@pytest.mark.parametrize(
    ("language", "rate", "text"),
    [("en", 1900, "19%"), ("en", 950, "9.5%"), ("de", 2550, "25,5\u00a0%"), ("de", 0, "0\u00a0%")],
)
def test_a_rate_is_written_as_the_language_does(language, rate, text):
    with translation.override(language):
        assert percent(rate) == text
