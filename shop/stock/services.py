"""Takes, releases and adds stock, always together with the movements that explain it, and never below zero.

Products are locked in the order of their keys before any of them changes, so that two orders of the same products wait
for each other instead of deadlocking. SQLite's transactions hold the one write lock anyway.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Case, F, IntegerField, Sum, Value, When
from django.utils.translation import gettext as _

from orders.models import Order
from shop.models import Product, ProductQuerySet, StockMovement

Reason = StockMovement.Reason

#: Pieces. So few that the storefront says how many are left.
FEW_LEFT = 5


class OutOfStock(Exception):
    """There is not enough of a product. Nothing was written. `wanted` and `left` are pieces."""

    def __init__(self, *, sku: str, wanted: int, left: int) -> None:
        self.sku, self.wanted, self.left = sku, wanted, left
        super().__init__(
            _("Only %(left)s of %(sku)s left, and %(wanted)s were wanted. Nothing was charged.")
            % {"left": left, "sku": sku, "wanted": wanted}
        )


class UnknownProduct(LookupError):
    """No product has this stock keeping unit. Nothing was written."""

    def __init__(self, *, sku: str) -> None:
        self.sku = sku
        super().__init__(_("There is no product %(sku)s. Nothing was ordered.") % {"sku": sku[:60]})


@transaction.atomic(savepoint=False)
def take_stock(*, wanted: Mapping[str, int], reference: str, products: ProductQuerySet) -> dict[str, Product]:
    """Take pieces by sku out of `products`, all or nothing, in three statements. Returns the products by sku.

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
    """Put back what the order still holds, which its movements tell; releasing twice puts back once."""
    movements = StockMovement.objects.filter(reference=order.number).order_by()
    held = movements.values_list("product").annotate(held=Sum("quantity")).filter(held__lt=0)
    quantities = {product_id: -quantity for product_id, quantity in held}
    lock_products(Product.objects.filter(pk__in=quantities))
    change_stock(quantities, Reason.RELEASE, order.number)


@transaction.atomic(savepoint=False)
def retake_stock(*, order: Order) -> None:
    """Take the order's goods again after they were released.

    Raises `OutOfStock`, also for a product that is not known any more.
    """
    wanted = merged((line.sku, line.quantity) for line in order.lines.all())
    try:
        take_stock(wanted=wanted, reference=order.number, products=Product.objects.all())
    except UnknownProduct as gone:
        raise OutOfStock(sku=gone.sku, wanted=wanted[gone.sku], left=0) from gone


@transaction.atomic(savepoint=False)
def restock(*, quantities: Mapping[int, int], reference: str = "") -> None:
    """Add pieces, by the products' primary keys, in three statements for any number of products."""
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Restocking adds at least one piece of each product.")
    lock_products(Product.objects.filter(pk__in=quantities))
    change_stock(quantities, Reason.RESTOCK, reference)


def merged(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Pieces by sku, in the order in which the skus first appear."""
    total: Counter[str] = Counter()
    for sku, quantity in pairs:
        total[sku] += quantity
    return dict(total)


def lock_products(products: ProductQuerySet) -> list[Product]:
    return list(products.order_by("pk").select_for_update(no_key=True))


def change_stock(quantities: Mapping[int, int], reason: str, reference: str, *, note: str = "") -> None:
    """One UPDATE, which itself refuses to go below zero, and one INSERT."""
    if not quantities:
        return
    changed = Product.objects.filter(pk__in=quantities, stock__gte=-_by_product(quantities)).update(
        stock=F("stock") + _by_product(quantities)
    )
    if changed != len(quantities):
        raise RuntimeError("Stock changed though its rows were locked; nothing was taken.")
    StockMovement.objects.bulk_create(
        StockMovement(product_id=product_id, quantity=quantity, reason=reason, reference=reference, note=note)
        for product_id, quantity in quantities.items()
    )


def _by_product(quantities: Mapping[int, int]) -> Case:
    """The product's quantity as an expression. Grouped, since few quantities are common to many products."""
    groups: dict[int, list[int]] = defaultdict(list)
    for product_id, quantity in quantities.items():
        groups[quantity].append(product_id)
    cases = [When(pk__in=ids, then=Value(quantity)) for quantity, ids in groups.items()]
    return Case(*cases, output_field=IntegerField())
