"""How does stock change? Always together with the movements that explain it, and never below zero.

Products are locked in the order of their keys before any of them changes, so that two orders of the same goods wait
for each other instead of blocking each other for good. SQLite's transactions hold the one write lock anyway.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, IntegerField, Sum, Value, When
from django.utils.translation import gettext as _

from orders.models import Order
from shop.errors import CountTooLow, OutOfStock, SeenBefore, UnknownProduct
from shop.models import Product, ProductQuerySet, StockMovement, User
from shop.models.stock import NOTE_MAX, REFERENCE_MAX

Reason = StockMovement.Reason

# Few enough that a shopper should hurry.
FEW_LEFT = 5
RESTOCK, CORRECT = "shop.restock_product", "shop.correct_stock"
_BY_HAND = (Reason.RESTOCK, Reason.CORRECTION)


@transaction.atomic(savepoint=False)
def take_stock(*, wanted: Mapping[str, int], reference: str, products: ProductQuerySet) -> dict[str, Product]:
    """Take pieces by sku out of `products`, all or nothing, in three statements. Returns the products by sku.

    Raises `UnknownProduct` and `OutOfStock`.
    """
    found = {p.sku: p for p in _lock(products.filter(sku__in=list(wanted)))}
    for sku, quantity in wanted.items():
        if sku not in found:
            raise UnknownProduct(sku=sku)
        if found[sku].stock < quantity:
            raise OutOfStock(sku=sku, wanted=quantity, left=found[sku].stock)
    _change({found[sku].pk: -quantity for sku, quantity in wanted.items()}, Reason.SALE, reference)
    return found


@transaction.atomic(savepoint=False)
def release_stock(*, order: Order) -> None:
    """Put back what the order still holds, which its movements tell; releasing twice puts back once."""
    movements = StockMovement.objects.filter(reference=order.number).order_by()
    held = movements.values_list("product").annotate(held=Sum("quantity")).filter(held__lt=0)
    quantities = {product_id: -quantity for product_id, quantity in held}
    _lock(Product.objects.filter(pk__in=quantities))
    _change(quantities, Reason.RELEASE, order.number)


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
    _lock(Product.objects.filter(pk__in=quantities))
    _change(quantities, Reason.RESTOCK, reference)


@transaction.atomic(savepoint=False)
def receive_goods(*, quantities: Mapping[int, int], by: User, seen: int | None = None) -> list[Product]:
    """Restock by hand, by the products' primary keys, and log it; in a number of statements that does not grow.

    `seen` is the newest movement that the person's page knew of: what was restocked or counted by hand since then is
    not done twice. Raises `PermissionDenied` and `SeenBefore`; then nothing was written. Returns the products as they
    were.
    """
    _require(by, RESTOCK)
    products = _lock(Product.objects.filter(pk__in=quantities))
    if seen is not None:
        _refuse_second_time(products, seen)
    restock(quantities={product.pk: quantities[product.pk] for product in products}, reference=_name(by))
    _log(by, {product: _("%(pieces)s pieces came in") % {"pieces": quantities[product.pk]} for product in products})
    return products


@transaction.atomic(savepoint=False)
def correct_stock(*, product_id: int, counted: int, seen: int, reason: str, by: User) -> int:
    """Write the difference that stocktaking found, and log it; how many pieces more, or less, there are.

    `counted` is what was for sale when `seen` was the product's newest movement, 0 for none: what was sold since then
    is no difference. Raises `PermissionDenied`, `ValueError` without a reason or for a negative count,
    `UnknownProduct`, `SeenBefore` and `CountTooLow`; then nothing was written.
    """
    _require(by, CORRECT)
    if counted < 0 or not reason.strip():
        raise ValueError("A correction has a count that is not negative, and a reason.")
    products = _lock(Product.objects.filter(pk=product_id))
    if not products:
        raise UnknownProduct(sku=str(product_id))
    _refuse_second_time(products, seen)
    [product] = products
    moved_since = product.movements.filter(pk__gt=seen).aggregate(n=Sum("quantity"))["n"] or 0
    difference = counted - (product.stock - moved_since)
    if product.stock + difference < 0:
        raise CountTooLow(sku=product.sku, left=product.stock, missing=-difference)
    if difference:
        _change({product.pk: difference}, Reason.CORRECTION, _name(by), note=reason[:NOTE_MAX])
    told = {"counted": counted, "difference": difference, "reason": reason}
    _log(by, {product: _("%(counted)s pieces counted: %(difference)+d. %(reason)s") % told})
    return difference


def merged(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Pieces by sku, in the order in which the skus first appear."""
    total: Counter[str] = Counter()
    for sku, quantity in pairs:
        total[sku] += quantity
    return dict(total)


def _lock(products: ProductQuerySet) -> list[Product]:
    return list(products.order_by("pk").select_for_update(no_key=True))


def _require(user: User, permission: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied(f"{user} lacks the permission {permission}.")


def _refuse_second_time(products: Iterable[Product], seen: int) -> None:
    by_hand = StockMovement.objects.filter(product__in=products, pk__gt=seen, reason__in=_BY_HAND)
    newer = by_hand.select_related("product").order_by("pk").last()
    if newer is not None:
        raise SeenBefore(sku=newer.product.sku, by=newer.reference)


def _name(user: User) -> str:
    return user.get_username()[:REFERENCE_MAX]


def _log(by: User, told: Mapping[Product, str]) -> None:
    kind = ContentType.objects.get_for_model(Product)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=by.pk,
            content_type=kind,
            object_id=str(product.pk),
            object_repr=str(product)[:200],
            action_flag=CHANGE,
            change_message=text,
        )
        for product, text in told.items()
    )


def _change(quantities: Mapping[int, int], reason: str, reference: str, *, note: str = "") -> None:
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
