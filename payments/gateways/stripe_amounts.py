"""Amounts as Stripe counts them. Its minor units are not always those of the shop, which are CLDR's.

Source: https://docs.stripe.com/currencies.
"""

import math
from decimal import Decimal
from typing import Final

from orders.money import exact
from payments import record_values
from payments.gateways.base import RequestRefused

_CHARGED = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD
    JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL
    THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
"""
_WITHOUT_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
#: The currencies in which Stripe charges.
CHARGED: Final = frozenset(_CHARGED.split())
_ZERO_DECIMAL: Final = frozenset(_WITHOUT_DECIMALS.split())
_THREE_DECIMAL: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
#: Currencies without fractions that the API nevertheless takes with two decimals, which are always 00. UGX is in
#: Stripe's list of zero-decimal currencies, too; its special case decides. HUF and TWD are special in payouts only.
_WHOLE_WITH_TWO_DECIMALS: Final = frozenset({"ISK", "UGX"})

#: The least that Stripe charges, in its minor units. In a currency that is not here, it is the equivalent of the least
#: in that of the account.
_LEAST: Final = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
#: Eight digits.
_MOST: Final = 99_999_999


def limits(currency: str) -> tuple[int, int]:
    """The least and the most that Stripe charges, in the shop's minor units."""
    step = _step(currency)
    least = _in_shop(max(_LEAST.get(currency, 1), step), currency)
    return math.ceil(least), math.floor(_in_shop(_MOST // step * step, currency))


def refusal(currency: str) -> str:
    """Why Stripe charges nothing in this currency; empty if it does."""
    return (
        "" if currency in CHARGED else f"Stripe charges nothing in {currency}; see https://docs.stripe.com/currencies."
    )


def to_stripe(amount: int, currency: str) -> int:
    """`amount` (minor units of the shop) in Stripe's. Raises `RequestRefused` rather than round."""
    if reason := refusal(currency):
        raise RequestRefused(reason)
    whole = exact(amount, currency)
    units = whole.scaleb(_decimals(currency))
    if units != int(units) or int(units) % _step(currency):
        raise RequestRefused(f"Stripe cannot charge {whole} {currency}: it has too many decimal places.")
    return int(units)


def shown(amount: int, currency: str) -> int:
    """As `to_stripe`, for display only: it refuses nothing."""
    return int(exact(amount, currency).scaleb(_decimals(currency)))


def from_stripe(amount: int, currency: str) -> int:
    """`amount` (Stripe's minor units) in those of the shop. Raises `RequestRefused` rather than round."""
    units = _in_shop(record_values.amount(amount), currency)
    if units != int(units):
        whole = units * exact(1, currency)
        raise RequestRefused(f"Stripe has {whole} {currency}, which has more decimal places than the shop counts.")
    return int(units)


def _in_shop(amount: int, currency: str) -> Decimal:
    """`amount` (Stripe's minor units) in those of the shop, which may be a fraction."""
    return Decimal(amount).scaleb(-_decimals(currency)) / exact(1, currency)


def _decimals(currency: str) -> int:
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def _step(currency: str) -> int:
    """Stripe takes multiples of this number only."""
    if currency in _WHOLE_WITH_TWO_DECIMALS:
        return 100
    return 10 if currency in _THREE_DECIMAL else 1
