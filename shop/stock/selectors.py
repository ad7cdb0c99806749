"""Reads of the stockroom: facts about one product's stock, and the products that run low."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, FilteredRelation, FloatField, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest

from orders.models import Order, Status
from shop.models import Product, StockMovement

#: Over so many days the pace of sales is measured.
PACE_DAYS = 30
_WEEK_DAYS = 7
MOVEMENTS_SHOWN = 100
#: What was sold, and what of it came back because it was not paid or not wanted.
_SALES = (StockMovement.Reason.SALE, StockMovement.Reason.RELEASE)
#: Orders whose goods are off the shelf in the books, and still in the house.
_HELD_FOR = (Status.PLACED, Status.PAID)


@dataclass(frozen=True, slots=True)
class Facts:
    """In pieces. `held` is for orders that have not left yet; `days` is how long the stock lasts, None without sales.

    `seen` is the newest movement that these facts know of, 0 for none.
    """

    stock: int
    held: int
    sold_in_week: int
    sold_in_month: int
    days: float | None
    seen: int


def facts(*, product: Product, movements: Sequence[StockMovement], now: datetime) -> Facts:
    """`movements` are those of the page, newest first, read before: what comes later is not in `seen`."""
    sold = product.movements.filter(reason__in=_SALES, at__gt=now - timedelta(days=PACE_DAYS)).aggregate(
        month=_pieces(), week=_pieces(Q(at__gt=now - timedelta(days=_WEEK_DAYS)))
    )
    open_orders = Order.objects.filter(status__in=_HELD_FOR).values("number")
    held = product.movements.filter(reference__in=open_orders).aggregate(n=_pieces())["n"]
    month = max(0, sold["month"])
    return Facts(
        stock=product.stock,
        held=max(0, held),
        sold_in_week=max(0, sold["week"]),
        sold_in_month=month,
        days=_days(product.stock, month),
        seen=max((movement.pk for movement in movements), default=0),
    )


def newest_movements(*, product: Product) -> list[StockMovement]:
    return list(product.movements.order_by("-at", "-id")[:MOVEMENTS_SHOWN])


def newest_movement() -> int:
    """The id of the last movement of all, 0 for none."""
    return StockMovement.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def low_stock(*, now: datetime) -> QuerySet[Product]:
    """Goods that run low, those first that last shortest at the pace of the last `PACE_DAYS`; `sold`, `days_left`.

    What is sold out lasts no day, what nobody bought lately comes last. The index `shop_low_stock` holds nothing but
    these goods, and their sales are read from `shop_stockmovement_newest` in one join, of these goods only.
    """
    lately = Q(movements__reason__in=_SALES, movements__at__gt=now - timedelta(days=PACE_DAYS))
    sold = Greatest(Coalesce(-Sum("lately__quantity"), Value(0)), Value(0), output_field=IntegerField())
    days = Case(
        When(stock=0, then=Value(0.0)),
        When(sold__gt=0, then=Cast(F("stock"), FloatField()) * PACE_DAYS / F("sold")),
        output_field=FloatField(),
    )
    return (
        Product.objects.running_low()
        .only("sku", "name", "stock", "reorder_level")
        .annotate(lately=FilteredRelation("movements", condition=lately), sold=sold, days_left=days)
        .order_by(F("days_left").asc(nulls_last=True), "stock", "pk")
    )


def _pieces(where: Q | None = None) -> Coalesce:
    """How many pieces went out, less those that came back."""
    return Coalesce(-Sum("quantity", filter=where), Value(0), output_field=IntegerField())


def _days(stock: int, sold: int) -> float | None:
    if stock == 0:
        return 0.0
    return stock * PACE_DAYS / sold if sold else None
