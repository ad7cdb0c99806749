"""Tax on invoices and credit notes, by rate. All in integers, minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from orders.amounts.tax import Amount, tax_in


@dataclass(frozen=True, slots=True)
class TaxedAt:
    """What a paper has at one rate, in basis points. `gross` contains `tax`; 0 is exempt, None not determined."""

    rate: int | None
    gross: int
    tax: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        return cls(rate=data["rate"], gross=data["gross"], tax=data["tax"])

    @property
    def net(self) -> int:
        return self.gross - self.tax

    def as_data(self) -> dict[str, int | None]:
        return asdict(self)


def by_rate(amounts: Sequence[Amount]) -> list[TaxedAt]:
    """Totals of an order's amount lines, the highest rate first. Tax that is not included adds to its gross."""
    tax = tax_in(amounts)
    known = {each.rate: each.tax for each in tax.rates}
    gross: dict[int | None, int] = {}
    for each in amounts:
        if not each.is_included:
            gross[each.rate] = gross.get(each.rate, 0) + each.amount
    rates = sorted(gross, key=lambda rate: -1 if rate is None else rate, reverse=True)
    return [TaxedAt(rate, gross[rate], known.get(rate, 0) if rate else 0) for rate in rates]


def credited(amount: int, *, left: Sequence[TaxedAt], goods: Mapping[int, int] | None = None) -> list[TaxedAt]:
    """`amount` divided among what an invoice has left at each rate. `amount` is at most the sum of what is left.

    Returned `goods`, gross amounts by rate, come first, each up to what is left at its rate. The rest is divided in
    proportion to what is left then, by the largest remainder. Tax is divided likewise, so that all credit notes
    together never exceed the invoice, and match it once all of it is credited.
    """
    total = sum(each.gross for each in left)
    if amount > total:
        raise ValueError(f"{amount} is more than the {total} that are left.")
    known = [0 if each.rate is None else min(each.gross, (goods or {}).get(each.rate, 0)) for each in left]
    first = _divided(min(amount, sum(known)), known)
    rest = _divided(amount - sum(first), [each.gross - part for each, part in zip(left, first, strict=True)])
    return [
        TaxedAt(each.rate, one + other, _share(each.tax, one + other, each.gross))
        for each, one, other in zip(left, first, rest, strict=True)
        if one + other
    ]


def left_of(invoiced: Sequence[TaxedAt], notes: Sequence[TaxedAt]) -> list[TaxedAt]:
    """What an invoice has left at each rate after its credit notes."""
    return [
        TaxedAt(
            each.rate,
            each.gross - sum(note.gross for note in notes if note.rate == each.rate),
            each.tax - sum(note.tax for note in notes if note.rate == each.rate),
        )
        for each in invoiced
    ]


def tax_sum(taxes: Sequence[TaxedAt]) -> int | None:
    """None if any of it was not determined."""
    return None if any(each.rate is None for each in taxes) else sum(each.tax for each in taxes)


def _divided(amount: int, most: Sequence[int]) -> list[int]:
    """`amount` in proportion to `most`, by the largest remainder. No part is more than its `most`."""
    total = sum(most) or 1
    parts = [amount * each // total for each in most]
    by_remainder = sorted(range(len(most)), key=lambda at: amount * most[at] % total, reverse=True)
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _share(tax: int, part: int, gross: int) -> int:
    """Rounded half up; never more than the part."""
    return min(part, (2 * tax * part + gross) // (2 * gross))
