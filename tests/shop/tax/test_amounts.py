"""Amount lines: whatever is bought, at whatever rates, all adds up to the last cent."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.amounts.tax import included_tax, tax_in
from orders.placing.amounts import total_of
from orders.values import NewAmount
from shop.tax.amounts import amounts_at, apportioned

relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))
RATES = st.integers(0, 5000)
GOODS = st.lists(st.tuples(RATES, st.integers(0, 10**9)), min_size=1, max_size=12)


@relaxed
@given(goods=GOODS, delivery=st.integers(0, 10**6))
def test_the_total_is_goods_and_delivery_and_tax_is_contained_in_it(goods, delivery):
    amounts = amounts_at(goods=goods, delivery=delivery)
    tax = tax_in(amounts)
    assert total_of(amounts) == sum(gross for _rate, gross in goods) + delivery
    assert sum(each.amount for each in amounts if each.kind == "delivery") == delivery
    assert all(each.amount >= 0 for each in amounts)
    assert tax.is_known
    exempt = sum(each.amount for each in amounts if each.rate == 0)
    assert sum(at.net + at.tax for at in tax.rates) + exempt == total_of(amounts)
    assert tax.amount == sum(each.amount for each in amounts if each.is_included)


@relaxed
@given(goods=GOODS, delivery=st.integers(0, 10**6))
def test_each_rate_has_one_line_of_tax_and_it_is_exact_to_half_a_cent(goods, delivery):
    amounts = amounts_at(goods=goods, delivery=delivery)
    tax = tax_in(amounts)
    assert [at.rate for at in tax.rates] == sorted({rate for rate, _gross in goods if rate}, reverse=True)
    for at in tax.rates:
        exact = Fraction(at.gross * at.rate, 10_000 + at.rate)
        assert -Fraction(1, 2) < at.tax - exact <= Fraction(1, 2)
        assert 0 <= at.tax <= at.gross


@relaxed
@given(amount=st.integers(0, 10**9), values=st.dictionaries(RATES, st.integers(0, 10**9), min_size=1, max_size=8))
def test_what_is_apportioned_adds_up_and_each_part_is_less_than_a_cent_off(amount, values):
    parts = apportioned(amount, values)
    assert sum(parts.values()) == amount
    assert parts.keys() == values.keys()
    if total := sum(values.values()):
        for rate, part in parts.items():
            assert abs(part - Fraction(amount * values[rate], total)) < 1


def test_delivery_follows_the_goods():
    amounts = amounts_at(goods=[(1900, 3000), (700, 1000)], delivery=990)
    assert amounts == [
        NewAmount("goods", 3000, 1900),
        NewAmount("goods", 1000, 700),
        NewAmount("delivery", 743, 1900),
        NewAmount("delivery", 247, 700),
        NewAmount("tax", 598, 1900, is_included=True),
        NewAmount("tax", 82, 700, is_included=True),
    ]


def test_goods_that_cost_nothing_leave_their_delivery_to_the_highest_rate():
    assert apportioned(990, {700: 0, 1900: 0}) == {700: 0, 1900: 990}


@pytest.mark.parametrize(("gross", "rate", "tax"), [(11900, 1900, 1900), (3, 2000, 1), (2, 2000, 0), (0, 1900, 0)])
def test_half_a_cent_is_rounded_up(gross, rate, tax):
    assert included_tax(gross, rate) == tax


def test_exempt_goods_have_no_line_of_tax():
    amounts = amounts_at(goods=[(0, 2500)], delivery=990)
    assert amounts == [NewAmount("goods", 2500, 0), NewAmount("delivery", 990, 0)]
    assert tax_in(amounts).is_exempt
