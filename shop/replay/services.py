"""Replays historical sales of another shop as new orders."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from orders.models import IdempotencyKey, ShippingMethod, Source
from orders.values import Address
from shop.checkout.idempotency import Idempotency, KeyReused
from shop.checkout.services import LineWanted, Placed, checkout
from shop.replay.country_codes import country_code
from shop.replay.csv_invoices import Invoice, Reason
from shop.replay.missing_products import CURRENCY, ensure_products, quantities_sold
from shop.stock.services import restock

CLIENT = "replay"
PAYMENT_METHOD = "pm_card_visa"
_BATCH = 500


class _PlacedConcurrently(Exception):
    """A concurrent replay placed this invoice first; rolls back the stock added for it."""


@dataclass
class Report:
    """Outcome of a replay. `revenue_minor` is the total of the orders placed by this run, in pence."""

    placed: int = 0
    already_placed: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    revenue_minor: int = 0
    currency: str = CURRENCY
    seconds: float = 0.0

    @property
    def seen(self) -> int:
        return self.placed + self.already_placed + self.rejected.total()


def replay(
    *,
    invoices: Sequence[Invoice],
    speed: float | None = None,
    progress: Callable[[Report], None] = lambda report: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Place every sale not placed before; calls `progress` after each invoice.

    `speed` replays the original intervals that many times faster; without it, invoices are placed without waiting.
    """
    report, began = Report(), time.monotonic()
    keys = ensure_products(invoices=invoices)
    known = _placed_numbers([invoice.number for invoice in invoices])
    for invoice in invoices:
        if speed:
            due = (invoice.at - invoices[0].at).total_seconds() / speed
            sleep(max(0.0, began + due - time.monotonic()))
        _count(report, invoice, keys, is_new=invoice.number not in known)
        report.seconds = time.monotonic() - began
        progress(report)
    return report


def _count(report: Report, invoice: Invoice, keys: dict[str, int], *, is_new: bool) -> None:
    if invoice.rejected:
        report.rejected[invoice.rejected] += 1
        return
    try:
        placed = _place(invoice, keys, is_new=is_new)
    except _PlacedConcurrently:
        report.already_placed += 1
    except KeyReused:
        report.rejected[Reason.CHANGED] += 1
    else:
        report.placed += placed.created
        report.already_placed += not placed.created
        report.revenue_minor += placed.order.total if placed.created else 0


def _place(invoice: Invoice, keys: dict[str, int], *, is_new: bool) -> Placed:
    """Restock what the invoice sells and place the order, in one transaction.

    Raises `KeyReused` if the invoice was placed before with different lines.
    """
    with transaction.atomic():
        if is_new:
            restock(quantities=quantities_sold(invoice=invoice, keys=keys), reference=f"{CLIENT} {invoice.number}")
        placed = _checkout(invoice)
        if is_new and not placed.created:
            raise _PlacedConcurrently
    return placed


def _checkout(invoice: Invoice) -> Placed:
    customer = invoice.customer
    return checkout(
        email=f"customer-{customer}@retail.example" if customer else "guest@retail.example",
        name=f"Customer {customer}" if customer else "Guest",
        address=Address(
            line1="Trade counter",
            city=invoice.country or "Unknown",
            postcode="-",
            country=country_code(invoice.country),
        ),
        shipping_method=ShippingMethod.STANDARD,
        payment_method=PAYMENT_METHOD,
        lines=[LineWanted(sku=line.sku, quantity=line.quantity, unit_price=line.unit_price) for line in invoice.lines],
        source=Source.IMPORT,
        idempotency=Idempotency(client=CLIENT, key=invoice.number, expires=False),
        currency=CURRENCY,
        sold_at=invoice.at,
    )


def _placed_numbers(numbers: Sequence[str]) -> set[str]:
    placed: set[str] = set()
    for start in range(0, len(numbers), _BATCH):
        keys = IdempotencyKey.objects.filter(client=CLIENT, key__in=numbers[start : start + _BATCH])
        placed.update(keys.values_list("key", flat=True))
    return placed
