"""Stock invariants: never negative, always the sum of the movements, and held only by orders that get it."""

from collections.abc import Iterator

from django.db.models import Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from messaging.invariants import Feed, Scope, invariant
from orders.invariants import ORDERS
from orders.models import Order, Status
from shipping.models import Shipment, ShipmentStatus
from shop.models import Product, StockMovement

SHOWN = 50
MOVED_PRODUCTS = Scope("products", Product.objects.all(), (Feed(StockMovement.objects.all(), key="product"),))
#: Without a feed: a product's movements grow for ever, so adding them up is left to the whole audit.
STOCKED_PRODUCTS = Scope("stocked products", Product.objects.all())


@invariant("stock is never negative", over=MOVED_PRODUCTS)
def stock_is_not_negative(products: QuerySet[Product]) -> Iterator[str]:
    for product in products.filter(stock__lt=0).order_by("pk")[:SHOWN]:
        yield f"Product {product.sku} has a stock of {product.stock}."


@invariant("stock is the sum of its movements", over=STOCKED_PRODUCTS)
def stock_equals_its_movements(products: QuerySet[Product]) -> Iterator[str]:
    moved = StockMovement.objects.filter(product=OuterRef("pk")).order_by().values("product")
    total = Coalesce(
        Subquery(moved.annotate(total=Sum("quantity")).values("total")), Value(0), output_field=IntegerField()
    )
    wrong = products.annotate(moved=total).exclude(stock=F("moved"))
    for product in wrong.order_by("pk")[:SHOWN]:
        movement_total = product.moved
        yield f"Product {product.sku} has a stock of {product.stock}, but its movements add up to {movement_total}."


@invariant("an order that gets no products holds none", over=ORDERS)
def ended_orders_hold_nothing(orders: QuerySet[Order]) -> Iterator[str]:
    """The items of a refunded order may have left with its parcel; then an operator decides about them."""
    parcels = Shipment.objects.filter(current_for=OuterRef("pk")).exclude(status=ShipmentStatus.CANCELLED)
    ended = orders.filter(~Exists(parcels), status__in=(Status.PAYMENT_FAILED, Status.CANCELLED, Status.REFUNDED))
    moved = StockMovement.objects.filter(reference=OuterRef("number")).order_by().values("reference")
    held = Subquery(moved.annotate(total=Sum("quantity")).values("total"), output_field=IntegerField())
    for order in ended.annotate(held=held).filter(held__lt=0).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is {order.status}, but holds {-order.held} pieces."
