"""What do both databases' searches share?"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from shop.search.wanted import Wanted


def filters(wanted: Wanted, columns: Mapping[str, str]) -> tuple[str, list[Any]]:
    """Conditions that begin with AND, and their values. `columns` names category_id, price and in_stock."""
    parts = {
        "AND {category_id} = (SELECT id FROM shop_category WHERE slug = %s)": wanted.category or None,
        "AND {price} >= %s": wanted.price_from,
        "AND {price} <= %s": wanted.price_to,
        "AND {in_stock} = %s": wanted.in_stock or None,
    }
    used = {sql: value for sql, value in parts.items() if value is not None}
    return " ".join(used).format(**columns), list(used.values())


def rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
