"""Value objects that describe an order before it is stored."""

from dataclasses import dataclass, fields
from typing import Any, Final, Self

from django.utils.translation import pgettext_lazy

STATE_LABEL: Final = pgettext_lazy("of an address", "state")


@dataclass(frozen=True, slots=True)
class Address:
    """`country` is an ISO 3166-1 alpha-2 code; `state` a state, province or prefecture where the country has them."""

    line1: str
    city: str
    postcode: str
    country: str
    line2: str = ""
    state: str = ""

    @classmethod
    def of(cls, row: Any) -> Self:
        """The address of an order or anything else that has the same attributes."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    def filled(self) -> dict[str, str]:
        """Its parts without empty optional ones: a part that a later release adds changes no earlier address."""
        parts = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: text for name, (text, default) in parts.items() if text != default}

    @property
    def lines(self) -> list[str]:
        """As it is written on a parcel, without the country."""
        return [line for line in (self.line1, self.line2, f"{self.postcode} {self.city}".strip(), self.state) if line]


@dataclass(frozen=True, slots=True)
class NewLine:
    """`unit_price` is in minor units of the order's currency, `tax_rate` in basis points or None if not determined."""

    sku: str
    name: str
    unit_price: int
    quantity: int
    tax_rate: int | None = None


@dataclass(frozen=True, slots=True)
class NewAmount:
    """One amount of a new order, as `AmountLine` describes it. `kind` is one of `AmountKind`."""

    kind: str
    amount: int
    rate: int | None = None
    is_included: bool = False
