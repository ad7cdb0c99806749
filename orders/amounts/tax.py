"""Tax of an order as its amount lines have it, for pages, e-mails, API and papers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from orders.models import AmountKind, Order


class Amount(Protocol):
    """An `AmountLine`, or a `NewAmount`, which is not written yet."""

    @property
    def kind(self) -> str: ...
    @property
    def rate(self) -> int | None: ...
    @property
    def amount(self) -> int: ...
    @property
    def is_included(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class TaxAt:
    """Tax at one rate. `rate` is in basis points, amounts in minor units; `gross` contains `tax`."""

    rate: int
    gross: int
    tax: int

    @property
    def net(self) -> int:
        return self.gross - self.tax

    @property
    def percent(self) -> str:
        """Such as `19` or `5.5`, for programs."""
        return f"{self.rate / 100:g}"


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax of an order by rate, highest first. Exempt: no tax is due. Neither: its tax was not determined."""

    rates: tuple[TaxAt, ...]
    is_exempt: bool

    @property
    def is_known(self) -> bool:
        return bool(self.rates) or self.is_exempt

    @property
    def amount(self) -> int | None:
        """Minor units; None if the tax was not determined, as for orders placed by older releases."""
        return sum(each.tax for each in self.rates) if self.is_known else None


def included_tax(gross: int, rate: int) -> int:
    """Tax in `gross` minor units at `rate` basis points, rounded half up."""
    return (2 * gross * rate + 10_000 + rate) // (2 * (10_000 + rate))


def tax_of(order: Order) -> Tax:
    """The order's tax. Uses `amount_lines` if they were prefetched."""
    return tax_in(order.amount_lines.all())


def tax_in(amounts: Iterable[Amount]) -> Tax:
    """Tax in these amounts of one order."""
    found = list(amounts)
    gross: dict[int | None, int] = {}
    for each in found:
        if each.kind != AmountKind.TAX:
            gross[each.rate] = gross.get(each.rate, 0) + each.amount
    taxes = sorted(((each.rate or 0, each.amount) for each in found if each.kind == AmountKind.TAX), reverse=True)
    rates = tuple(TaxAt(rate, gross.get(rate, 0), tax) for rate, tax in taxes)
    return Tax(rates, is_exempt=not rates and set(gross) == {0})
