"""SQL helpers shared by both search engines."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from shop.catalogue.search.criteria import Criteria


def filters(criteria: Criteria, columns: Mapping[str, str]) -> tuple[str, list[Any]]:
    """SQL conditions starting with AND, and their parameters. `columns` maps category_id, price and in_stock."""
    parts = {
        "AND {category_id} = (SELECT id FROM shop_category WHERE slug = %s)": criteria.category or None,
        "AND {price} >= %s": criteria.price_from,
        "AND {price} <= %s": criteria.price_to,
        "AND {in_stock} = %s": criteria.in_stock or None,
    }
    used = {sql: value for sql, value in parts.items() if value is not None}
    return " ".join(used).format(**columns), list(used.values())


def rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
