"""Consecutive numbers of invoices and credit notes."""

from typing import Final

from django.db import connection

INVOICES: Final = ""
CREDIT_NOTES: Final = "CN"
#: Invoices from before invoices were records, numbered like their orders.
EARLIER: Final = "order"
_NEXT: Final = """
    INSERT INTO shop_numberseries (series, year, last) VALUES (%s, %s, 1)
    ON CONFLICT (series, year) DO UPDATE SET last = shop_numberseries.last + 1"""
_LAST: Final = "SELECT last FROM shop_numberseries WHERE series = %s AND year = %s"


def next_number(*, series: str, year: int) -> int:
    """The next number of the series, from 1 each year. Whoever takes one waits until the one before is committed.

    Called last in a transaction: its row is locked until the end, and a rollback gives the number back.
    """
    returning = connection.vendor == "postgresql"  # too new for some versions of SQLite
    with connection.cursor() as cursor:
        cursor.execute(_NEXT + (" RETURNING last" if returning else ""), [series, year])
        if not returning:
            cursor.execute(_LAST, [series, year])
        return int(cursor.fetchone()[0])


def written(*, series: str, year: int, sequence: int) -> str:
    """As it is printed: `2026-000001`, `CN-2026-000001`."""
    prefix = f"{series}-" if series else ""
    return f"{prefix}{year}-{sequence:06d}"
