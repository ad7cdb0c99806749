"""Which values does an order consist of before it is a row?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`country` is the two letters of ISO 3166-1."""

    line1: str
    city: str
    postcode: str
    country: str


@dataclass(frozen=True, slots=True)
class NewLine:
    """`unit_price` is in minor units of the order's currency."""

    sku: str
    name: str
    unit_price: int
    quantity: int
