"""Amounts at Stripe: its minor units by currency, and what it cannot charge."""

import pytest
from stripe import Dispute

from orders.money import exact
from payments.gateways import RequestRefused
from payments.gateways.stripe_amounts import CHARGED, from_stripe, limits, refusal, to_stripe
from payments.gateways.stripe_disputes import read


@pytest.mark.parametrize(
    ("amount", "currency", "at_stripe"),
    [
        (1990, "EUR", 1990),
        (1990, "JPY", 1990),  # zero-decimal: ¥1,990
        (500, "CLP", 500),
        (5, "ISK", 500),  # without fractions, but two decimals in the API
        (5, "UGX", 500),
        (1045, "HUF", 1045),  # special in payouts only
        (80045, "TWD", 80045),
        (5120, "KWD", 5120),  # three decimals, the last of which is 0
    ],
)
def test_an_amount_is_converted_there_and_back(amount, currency, at_stripe):
    assert to_stripe(amount, currency) == at_stripe
    assert from_stripe(at_stripe, currency) == amount


@pytest.mark.parametrize("currency", sorted(CHARGED))
def test_a_hundred_whole_units_are_the_same_money_in_each_currency(currency):
    hundred = int(100 / exact(1, currency))
    assert from_stripe(to_stripe(hundred, currency), currency) == hundred


def test_three_decimals_are_charged_in_tens_and_never_rounded():
    with pytest.raises(RequestRefused, match=r"Stripe cannot charge 5\.124 KWD: it has too many decimal places\."):
        to_stripe(5124, "KWD")


@pytest.mark.parametrize(("amount", "currency"), [(1050, "RSD"), (550, "ISK"), (1, "ALL")])
def test_what_the_shop_cannot_count_is_refused_and_never_cut_off(amount, currency):
    with pytest.raises(RequestRefused, match=f"{currency}, which has more decimal places than the shop counts"):
        from_stripe(amount, currency)


def test_a_dispute_of_another_systems_charge_is_read_whatever_its_amount():
    """One that could not be read would keep all others of its page from being found."""
    dispute = Dispute.construct_from(
        {
            "id": "dp_1", "amount": 1050, "currency": "rsd", "reason": "fraudulent", "status": "lost", "created": 1,
            "payment_intent": None, "evidence_details": None, "balance_transactions": [],
        },
        None,
    )  # fmt: skip
    assert read(dispute, key_name="conveyor_key").key == ""


@pytest.mark.parametrize("currency", ["CUP", "IRR", "XTS"])
def test_a_currency_in_which_stripe_charges_nothing_has_a_sentence(currency):
    assert refusal(currency).startswith(f"Stripe charges nothing in {currency};")
    with pytest.raises(RequestRefused):
        to_stripe(100, currency)


def test_a_currency_in_which_stripe_charges_is_not_refused():
    assert refusal("EUR") == ""


@pytest.mark.parametrize(
    ("currency", "least", "most"),
    [
        ("EUR", 50, 99_999_999),
        ("JPY", 50, 99_999_999),
        ("HUF", 17_500, 99_999_999),
        ("ISK", 1, 999_999),  # has two decimals at Stripe, which are always 00
        ("KWD", 10, 99_999_990),
        ("RSD", 1, 999_999),
    ],
)
def test_the_least_and_the_most_that_stripe_charges_are_amounts_of_the_shop(currency, least, most):
    assert limits(currency) == (least, most)
    assert to_stripe(least, currency)
    assert to_stripe(most, currency) <= 99_999_999


@pytest.mark.parametrize("currency", sorted(CHARGED))
def test_each_currency_has_limits(currency):
    least, most = limits(currency)
    assert 0 < least < most
