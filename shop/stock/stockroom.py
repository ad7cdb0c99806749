"""What staff do to stock by hand: receive goods, and correct a product's stock after a count. Both are logged."""

from collections.abc import Iterable, Mapping

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from shop.models import Product, StockMovement, User
from shop.models.stock import NOTE_MAX, REFERENCE_MAX
from shop.stock.services import Reason, UnknownProduct, change_stock, lock_products, restock

RESTOCK, CORRECT = "shop.restock_product", "shop.correct_stock"
_BY_HAND = (Reason.RESTOCK, Reason.CORRECTION)


class StockroomRefusal(Exception):
    """What a person in the stockroom asked for does not fit what has happened. Nothing was written."""


class SeenBefore(StockroomRefusal):
    """Somebody restocked or counted the product since the page was opened; it may be the same click, sent twice."""

    def __init__(self, *, sku: str, by: str) -> None:
        self.sku = sku
        super().__init__(
            _("%(by)s has changed the stock of %(sku)s by hand since this page was opened. Nothing was changed.")
            % {"by": by, "sku": sku}
        )


class CountTooLow(StockroomRefusal):
    """More is missing than is left for sale. `left` and `missing` are pieces."""

    def __init__(self, *, sku: str, left: int, missing: int) -> None:
        self.sku, self.left, self.missing = sku, left, missing
        super().__init__(
            _("%(missing)s pieces of %(sku)s are missing, but only %(left)s are left for sale. Nothing was changed.")
            % {"missing": missing, "sku": sku, "left": left}
        )


@transaction.atomic(savepoint=False)
def receive_goods(*, quantities: Mapping[int, int], by: User, seen: int | None = None) -> list[Product]:
    """Restock by hand, by the products' primary keys, and log it; in a number of statements that does not grow.

    `seen` is the newest movement that the person's page knew of: what was restocked or counted by hand since then is
    not done twice. Raises `PermissionDenied` and `SeenBefore`; then nothing was written. Returns the products as they
    were.
    """
    _require(by, RESTOCK)
    products = lock_products(Product.objects.filter(pk__in=quantities))
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
    products = lock_products(Product.objects.filter(pk=product_id))
    if not products:
        raise UnknownProduct(sku=str(product_id))
    _refuse_second_time(products, seen)
    [product] = products
    moved_since = product.movements.filter(pk__gt=seen).aggregate(n=Sum("quantity"))["n"] or 0
    difference = counted - (product.stock - moved_since)
    if product.stock + difference < 0:
        raise CountTooLow(sku=product.sku, left=product.stock, missing=-difference)
    if difference:
        change_stock({product.pk: difference}, Reason.CORRECTION, _name(by), note=reason[:NOTE_MAX])
    told = {"counted": counted, "difference": difference, "reason": reason}
    _log(by, {product: _("%(counted)s pieces counted: %(difference)+d. %(reason)s") % told})
    return difference


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
