"""Takes, releases and adds stock. Every change is recorded as a movement; stock never falls below zero.

Products are locked in primary key order before any of them changes, so concurrent orders for the same products wait for
each other instead of deadlocking. On SQLite a write transaction holds the only write lock anyway.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from orders.models import Order
from shop.models import Product, ProductQuerySet, StockMovement
from shop.stock import statements

Reason = StockMovement.Reason

#: Pieces. At or below this the storefront shows the exact number left.
FEW_LEFT = 5


class OutOfStock(Exception):
    """Insufficient stock of a product. Nothing was written. `wanted` and `left` are pieces."""

    def __init__(self, *, sku: str, wanted: int, left: int) -> None:
        self.sku, self.wanted, self.left = sku, wanted, left
        super().__init__(
            _("Only %(left)s of %(sku)s in stock, but %(wanted)s requested. Nothing was charged.")
            % {"left": left, "sku": sku, "wanted": wanted}
        )


class UnknownProduct(LookupError):
    """No product has this SKU. Nothing was written."""

    def __init__(self, *, sku: str) -> None:
        self.sku = sku
        super().__init__(_("Unknown product %(sku)s. Nothing was ordered.") % {"sku": sku[:60]})


@transaction.atomic(savepoint=False)
def take_stock(*, wanted: Mapping[str, int], reference: str, products: ProductQuerySet) -> dict[str, Product]:
    """Take pieces, given by SKU, from `products`: all or nothing, in three statements. Returns the products by SKU.

    Raises `UnknownProduct` and `OutOfStock`.
    """
    found = {p.sku: p for p in lock_products(products.filter(sku__in=list(wanted)))}
    for sku, quantity in wanted.items():
        if sku not in found:
            raise UnknownProduct(sku=sku)
        if found[sku].stock < quantity:
            raise OutOfStock(sku=sku, wanted=quantity, left=found[sku].stock)
    change_stock({found[sku].pk: -quantity for sku, quantity in wanted.items()}, Reason.SALE, reference)
    return found


@transaction.atomic(savepoint=False)
def release_stock(*, order: Order) -> None:
    """Return to stock what the order still holds. Idempotent; the caller holds the lock of the order."""
    quantities = held_by(order=order)
    lock_products(Product.objects.filter(pk__in=quantities))
    change_stock(quantities, Reason.RELEASE, order.number)


def held_by(*, order: Order) -> dict[int, int]:
    """Pieces by product that the order has taken and not released, according to its movements."""
    movements = StockMovement.objects.filter(reference=order.number).order_by().values_list("product")
    return {product_id: -held for product_id, held in movements.annotate(held=Sum("quantity")).filter(held__lt=0)}


@transaction.atomic(savepoint=False)
def retake_stock(*, order: Order) -> None:
    """Take an order's items from stock again after they were released.

    Raises `OutOfStock`, also for a product that no longer exists.
    """
    wanted = merged((line.sku, line.quantity) for line in order.lines.all())
    try:
        take_stock(wanted=wanted, reference=order.number, products=Product.objects.all())
    except UnknownProduct as gone:
        raise OutOfStock(sku=gone.sku, wanted=wanted[gone.sku], left=0) from gone


@transaction.atomic(savepoint=False)
def restock(*, quantities: Mapping[int, int], reference: str = "") -> None:
    """Add pieces, given by primary key of the product. Three statements for any number of products."""
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Restocking adds at least one piece of each product.")
    lock_products(Product.objects.filter(pk__in=quantities))
    change_stock(quantities, Reason.RESTOCK, reference)


def merged(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Total pieces by SKU, in order of first appearance."""
    total: Counter[str] = Counter()
    for sku, quantity in pairs:
        total[sku] += quantity
    return dict(total)


def lock_products(products: ProductQuerySet) -> list[Product]:
    return list(products.order_by("pk").select_for_update(of=("self",), no_key=True))


def change_stock(quantities: Mapping[int, int], reason: str, reference: str, *, note: str = "") -> None:
    """One UPDATE, whose condition keeps stock from going negative, and one INSERT, for any number of products."""
    if not quantities:
        return
    if statements.change(quantities) != len(quantities):
        raise RuntimeError("Stock changed while its rows were locked. Nothing was written.")
    statements.record(quantities, reason=reason, reference=reference, note=note)
