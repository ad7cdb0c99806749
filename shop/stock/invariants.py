"""Stock invariants: never negative, always the sum of the movements."""

from collections.abc import Iterator

from django.db.models import F, IntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from messaging.invariants import invariant
from shop.models import Product, StockMovement

SHOWN = 50


@invariant("stock is never negative")
def stock_is_not_negative() -> Iterator[str]:
    for product in Product.objects.filter(stock__lt=0).order_by("pk")[:SHOWN]:
        yield f"Product {product.sku} has a stock of {product.stock}."


@invariant("stock is the sum of its movements")
def stock_equals_its_movements() -> Iterator[str]:
    moved = StockMovement.objects.filter(product=OuterRef("pk")).order_by().values("product")
    total = Coalesce(
        Subquery(moved.annotate(total=Sum("quantity")).values("total")), Value(0), output_field=IntegerField()
    )
    products = Product.objects.annotate(moved=total).exclude(stock=F("moved"))
    for product in products.order_by("pk")[:SHOWN]:
        movement_total = product.moved  # type: ignore[attr-defined]
        yield f"Product {product.sku} has a stock of {product.stock}, but its movements add up to {movement_total}."
