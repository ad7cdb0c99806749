"""Consecutive numbers of invoices and credit notes."""

from typing import Final

from django.db import connection

from shop.models import NumberSeries

INVOICES: Final = ""
CREDIT_NOTES: Final = "CN"
#: Invoices from before invoices were records, numbered like their orders.
EARLIER: Final = "order"
_INCREASE: Final = "UPDATE shop_numberseries SET last = last + 1 WHERE series = %s AND year = %s"
_LAST: Final = "SELECT last FROM shop_numberseries WHERE series = %s AND year = %s"


def next_number(*, series: str, year: int) -> int:
    """The next number of the series, from 1 each year. Whoever takes one waits until the one before is committed.

    Called last in a transaction: its row is locked until the end, and a rollback gives the number back.
    """
    if (number := _increase(series, year)) is None:
        NumberSeries.objects.bulk_create([NumberSeries(series=series, year=year)], ignore_conflicts=True)
        number = _increase(series, year)
    if number is None:
        raise RuntimeError(f"The series {series!r} of {year} was deleted while its number was taken. Retry.")
    return number


def _increase(series: str, year: int) -> int | None:
    """None if the series has no row. One statement on PostgreSQL; RETURNING is too new for some versions of SQLite."""
    returning = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(_INCREASE + (" RETURNING last" if returning else ""), [series, year])
        if cursor.rowcount == 0:
            return None
        if not returning:
            cursor.execute(_LAST, [series, year])
        return int(cursor.fetchone()[0])


def written(*, series: str, year: int, sequence: int) -> str:
    """As it is printed: `2026-000001`, `CN-2026-000001`."""
    prefix = f"{series}-" if series else ""
    return f"{prefix}{year}-{sequence:06d}"
