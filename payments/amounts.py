"""Sums of the amounts of payments, refunds or disputes, in minor units."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce


def total(rows: QuerySet[Any]) -> int:
    return rows.aggregate(total=Sum("amount"))["total"] or 0


def totals(rows: QuerySet[Any], *, per: str) -> Coalesce:
    """A subquery: the total of the rows whose field `per` is the outer query's row; 0 without any."""
    sums = rows.order_by().values(per).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(sums), Value(0), output_field=IntegerField())
