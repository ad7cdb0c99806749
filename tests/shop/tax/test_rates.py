"""The table of VAT rates: complete, dated, and with the changes of 2024 to 2026."""

from datetime import date, timedelta

import pytest

from shop.tax.rates import Rates, rates_on, regions

STATES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
#: Region, first day, rates before it and from it on.
CHANGES = [
    ("FI", date(2024, 9, 1), (2400, 1400), (2550, 1400)),
    ("SK", date(2025, 1, 1), (2000, 1000), (2300, 1900)),
    ("EE", date(2025, 7, 1), (2200, 900), (2400, 900)),
    ("RO", date(2025, 8, 1), (1900, 900), (2100, 1100)),
    ("FI", date(2026, 1, 1), (2550, 1400), (2550, 1350)),
    ("LT", date(2026, 1, 1), (2100, 900), (2100, 500)),
    ("SE", date(2026, 4, 1), (2500, 1200), (2500, 600)),
    ("SE", date(2028, 1, 1), (2500, 600), (2500, 1200)),
]


def test_every_member_state_has_rates_from_2024_on():
    assert regions() >= set(STATES)
    for region in regions():
        rates = rates_on(region, date(2024, 1, 1))
        assert rates is not None, region
        assert 0 < rates.reduced <= rates.standard, region
        if region in STATES:
            assert 1500 <= rates.standard <= 2700, region


@pytest.mark.parametrize(("region", "day", "before", "after"), CHANGES)
def test_a_change_applies_from_its_first_day_on(region, day, before, after):
    assert rates_on(region, day - timedelta(days=1)) == Rates(*before)
    assert rates_on(region, day) == Rates(*after)


def test_a_day_before_the_table_has_no_rates():
    assert rates_on("DE", date(2023, 12, 31)) is None


def test_a_state_without_a_reduced_rate_taxes_all_at_the_standard_one():
    rates = rates_on("DK", date(2026, 1, 1))
    assert rates is not None
    assert rates.of("reduced") == rates.of("standard") == 2500


def test_a_tax_class_that_is_not_known_is_taxed_at_the_standard_rate():
    assert Rates(1900, 700).of("parking") == 1900
