"""Stock reads: figures for one product, and the list of products low in stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, FilteredRelation, FloatField, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest

from orders.models import Order, Status
from orders.selectors import WAITING
from shop.models import Product, StockMovement

#: Days over which the rate of sales is measured.
PACE_DAYS = 30
_WEEK_DAYS = 7
MOVEMENTS_SHOWN = 100
#: Sales, and sales undone by cancellation or failed payment.
_SALES = (StockMovement.Reason.SALE, StockMovement.Reason.RELEASE)
#: Orders whose items have been taken from stock but have not shipped.
_HELD_FOR = (*WAITING, Status.PAID)


@dataclass(frozen=True, slots=True)
class Facts:
    """Pieces. `held` is reserved for unshipped orders; `days` is how long the stock lasts, None without sales.

    `seen` is the newest movement included in these figures, 0 for none.
    """

    stock: int
    held: int
    sold_in_week: int
    sold_in_month: int
    days: float | None
    seen: int


def search_movements(movements: QuerySet[StockMovement], text: str) -> QuerySet[StockMovement]:
    """Those of `movements` with this SKU, or with this reference if there is no such SKU."""
    text = text.strip()
    if not text:
        return movements
    product = Product.objects.filter(sku__in=(text, text.upper())).values_list("pk", flat=True).first()
    return movements.filter(product=product) if product else movements.filter(reference__in=(text, text.upper()))


def facts(*, product: Product, movements: Sequence[StockMovement], now: datetime) -> Facts:
    """`movements` are those shown on the page, newest first. They were read first, so later ones are not in `seen`."""
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


def newest_movement_id() -> int:
    """The id of the newest movement of any product, 0 for none."""
    return StockMovement.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def low_stock(*, now: datetime) -> QuerySet[Product]:
    """Products low in stock, annotated with `sold` and `days_left`; those that run out first come first.

    `days_left` assumes the sales of the last `PACE_DAYS`: 0 if sold out, null (sorted last) without recent sales. The
    partial index `shop_low_stock` holds only these products; their sales come from `shop_stockmovement_newest` in one
    join.
    """
    recent_sales = Q(movements__reason__in=_SALES, movements__at__gt=now - timedelta(days=PACE_DAYS))
    sold = Greatest(Coalesce(-Sum("recent__quantity"), Value(0)), Value(0), output_field=IntegerField())
    days = Case(
        When(stock=0, then=Value(0.0)),
        When(sold__gt=0, then=Cast(F("stock"), FloatField()) * PACE_DAYS / F("sold")),
        output_field=FloatField(),
    )
    return (
        Product.objects.running_low()
        .only("sku", "name", "stock", "reorder_level")
        .annotate(recent=FilteredRelation("movements", condition=recent_sales), sold=sold, days_left=days)
        .order_by(F("days_left").asc(nulls_last=True), "stock", "pk")
    )


def _pieces(where: Q | None = None) -> Coalesce:
    """Net pieces sold."""
    return Coalesce(-Sum("quantity", filter=where), Value(0), output_field=IntegerField())


def _days(stock: int, sold: int) -> float | None:
    if stock == 0:
        return 0.0
    return stock * PACE_DAYS / sold if sold else None
