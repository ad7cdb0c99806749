"""Groups CSV rows into invoices and rejects those that are not sales."""

import enum
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shop.replay.csv_rows import MAX_NUMBER, Row, Rows

#: Of an invoice. Each is a parameter of one statement, and databases take 32,000 (SQLite) or 65,000 of them.
MAX_LINES = 10_000
#: Of an invoice, in pence: as much as the API refunds at once. Databases add up totals in 63 bits.
MAX_TOTAL = 10**12


class Reason(enum.StrEnum):
    """Why an invoice does not become an order."""

    CANCELLATION = "cancellation"
    STOCK_WRITE_OFF = "stock_write_off"
    NO_PRICE = "no_price"
    FRACTION_OF_A_PENNY = "fraction_of_a_penny"
    TOO_LARGE = "too_large"
    CHANGED = "changed_since_it_was_placed"
    BAD_ROW = "bad_row"


@dataclass(frozen=True, slots=True)
class Line:
    """`unit_price` is in pence."""

    sku: str
    description: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """A sale, or a rejected invoice: then `rejected` gives the reason and `lines` is empty."""

    number: str
    at: datetime
    customer: str
    country: str
    lines: tuple[Line, ...]
    rejected: Reason | None = None


def invoices(*, rows: Rows) -> list[Invoice]:
    """All invoices with a readable row, ordered by the time of their earliest one.

    One with a bad row is rejected: without a line its total would be wrong, and the corrected file could not place it.
    """
    by_number: dict[str, list[Row]] = {}
    for row in rows.good:
        by_number.setdefault(row.invoice, []).append(row)
    bad = {number for row in rows.bad for number in row.invoices}
    found = (_invoice(group, is_whole=number not in bad) for number, group in by_number.items())
    return sorted(found, key=lambda invoice: invoice.at)


def _invoice(rows: list[Row], *, is_whole: bool) -> Invoice:
    """Only rows with a quantity and price above 0 become lines."""
    sold = [row for row in rows if row.quantity > 0 and row.unit_price > 0]
    rejected = _rejection(rows, sold) if is_whole else Reason.BAD_ROW
    return Invoice(
        number=rows[0].invoice,
        at=min(row.at for row in rows),
        customer=rows[0].customer,
        country=rows[0].country,
        lines=() if rejected else tuple(_line(row) for row in sold),
        rejected=rejected,
    )


def _rejection(rows: list[Row], sold: list[Row]) -> Reason | None:
    if rows[0].invoice.startswith("C"):
        return Reason.CANCELLATION
    if all(row.quantity <= 0 for row in rows):
        return Reason.STOCK_WRITE_OFF
    if not sold:
        return Reason.NO_PRICE
    if any(_pence(row) % 1 for row in sold):
        return Reason.FRACTION_OF_A_PENNY
    return Reason.TOO_LARGE if _is_too_large(sold) else None


def _is_too_large(sold: list[Row]) -> bool:
    """Each row is within its bounds, but there may be any number of them. PostgreSQL stores pieces in 31 bits."""
    if len(sold) > MAX_LINES:
        return True
    pieces: Counter[str] = Counter()
    for row in sold:
        pieces[row.sku] += row.quantity
    return max(pieces.values()) > MAX_NUMBER or sum(row.quantity * _pence(row) for row in sold) > MAX_TOTAL


def _line(row: Row) -> Line:
    return Line(sku=row.sku, description=row.description, quantity=row.quantity, unit_price=int(_pence(row)))


def _pence(row: Row) -> Decimal:
    return row.unit_price.scaleb(2)


def first_sales(*, invoices: list[Invoice], limit: int) -> list[Invoice]:
    """The invoices up to sale number `limit`, including the rejected ones in between."""
    sales = 0
    for index, invoice in enumerate(invoices):
        sales += invoice.rejected is None
        if sales == limit:
            return invoices[: index + 1]
    return invoices
