"""The two statements of a stock change, as SQL.

The ORM builds a statement anew each time, which costs several times the CPU of sending it (bench/checkout.py).
"""

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection
from django.utils import timezone

#: Both databases call the columns of VALUES column1 and column2. In a WITH, Python's sqlite3 would not count the rows.
_UPDATE: Final = """
    UPDATE shop_product SET stock = stock + change.column2 FROM (VALUES {rows}) AS change
    WHERE id = change.column1 AND stock + change.column2 >= 0
"""
_INSERT: Final = """
    INSERT INTO shop_stockmovement (product_id, quantity, reason, reference, note, at)
    SELECT column1, column2, %s, %s, %s, %s FROM (VALUES {rows}) AS change
"""


def change(quantities: Mapping[int, int]) -> int:
    """Add pieces, given by primary key, to products whose stock stays at zero or above. Returns how many changed."""
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE.format(rows=_rows(quantities)), _values(quantities))
        return cursor.rowcount


def record(quantities: Mapping[int, int], *, reason: str, reference: str, note: str) -> None:
    """Write a movement for each product."""
    what = [str(reason), reference, note, connection.ops.adapt_datetimefield_value(timezone.now())]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.format(rows=_rows(quantities)), [*what, *_values(quantities)])


def _rows(quantities: Mapping[int, int]) -> str:
    return ", ".join(["(CAST(%s AS bigint), CAST(%s AS integer))"] * len(quantities))


def _values(quantities: Mapping[int, int]) -> list[Any]:
    return [value for row in quantities.items() for value in row]
