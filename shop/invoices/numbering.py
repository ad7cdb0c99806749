"""Consecutive numbers of invoices and credit notes."""

from typing import Final

from django.db.models import F

from shop.models import NumberSeries

INVOICES: Final = ""
CREDIT_NOTES: Final = "CN"
#: Invoices from before invoices were records, numbered like their orders.
EARLIER: Final = "order"


def next_number(*, series: str, year: int) -> int:
    """The next number of the series, from 1 each year. Whoever takes one waits until the one before is committed.

    Called last in a transaction: its row is locked until the end, and a rollback gives the number back.
    """
    row = NumberSeries.objects.filter(series=series, year=year)
    if not row.update(last=F("last") + 1):
        NumberSeries.objects.bulk_create([NumberSeries(series=series, year=year)], ignore_conflicts=True)
        row.update(last=F("last") + 1)
    return row.values_list("last", flat=True).get()


def written(*, series: str, year: int, sequence: int) -> str:
    """As it is printed: `2026-000001`, `CN-2026-000001`."""
    prefix = f"{series}-" if series else ""
    return f"{prefix}{year}-{sequence:06d}"
