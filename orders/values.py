"""Value objects that describe an order before it is stored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`country` is an ISO 3166-1 alpha-2 code."""

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
