"""Manual stock changes by staff: receiving goods, and correcting stock after a count. Both are logged."""

from collections.abc import Iterable, Mapping

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from orders.services.operators import require
from shop.models import Product, StockMovement, User
from shop.models.stock import NOTE_MAX, REFERENCE_MAX
from shop.stock.services import Reason, UnknownProduct, change_stock, lock_products, restock

RESTOCK, CORRECT = "shop.restock_product", "shop.correct_stock"
_BY_HAND = (Reason.RESTOCK, Reason.CORRECTION)
#: A movement's reason, product, pieces and note.
_Change = tuple[str, int, int, str]


class StockroomRefusal(Exception):
    """A manual stock change conflicts with the current stock. Nothing was written."""


class StalePage(StockroomRefusal):
    """The product was restocked or counted after the page was loaded. `is_repeat`: by this very form, sent twice."""

    def __init__(self, *, sku: str, by: str, is_repeat: bool = False) -> None:
        self.sku, self.is_repeat = sku, is_repeat
        text = _("%(by)s changed the stock of %(sku)s after you opened this page. Nothing was changed.")
        if is_repeat:
            text = _("You submitted this form twice. It was saved once.")
        super().__init__(text % {"by": by, "sku": sku})


class CountTooLow(StockroomRefusal):
    """The count implies a shortfall larger than the available stock. `left` and `missing` are pieces."""

    def __init__(self, *, sku: str, left: int, missing: int) -> None:
        self.sku, self.left, self.missing = sku, left, missing
        super().__init__(
            _("%(missing)s pieces of %(sku)s are missing, but only %(left)s are available. Nothing was changed.")
            % {"missing": missing, "sku": sku, "left": left}
        )


@transaction.atomic(savepoint=False)
def receive_goods(*, quantities: Mapping[int, int], by: User, seen: int | None = None) -> list[Product]:
    """Add received pieces, given by primary key of the product, and log it. The number of statements is constant.

    `seen` is the newest movement known to the submitted page: manual changes made after it raise `StalePage`, so a form
    submitted twice counts once. Raises `PermissionDenied` and `StalePage`; nothing was written then. Returns the
    products as they were before.
    """
    require(RESTOCK, by)
    products = lock_products(Product.objects.filter(pk__in=quantities))
    if seen is not None:
        _require_fresh_page(products, seen, [(Reason.RESTOCK, pk, pieces, "") for pk, pieces in quantities.items()], by)
    restock(quantities={product.pk: quantities[product.pk] for product in products}, reference=_name(by))
    _log(by, {product: _("%(pieces)s pieces received") % {"pieces": quantities[product.pk]} for product in products})
    return products


@transaction.atomic(savepoint=False)
def correct_stock(*, product_id: int, counted: int, seen: int, reason: str, by: User) -> int:
    """Record the difference found by a stock count, and log it. Returns the difference in pieces.

    `counted` is the available stock when `seen` (0 for none) was the product's newest movement; sales since then are
    accounted for. Raises `PermissionDenied`, `ValueError` without a reason or for a negative count, `UnknownProduct`,
    `StalePage` and `CountTooLow`; nothing was written then.
    """
    require(CORRECT, by)
    if counted < 0 or not reason.strip():
        raise ValueError("A correction needs a count of 0 or more, and a reason.")
    products = lock_products(Product.objects.filter(pk=product_id))
    if not products:
        raise UnknownProduct(sku=str(product_id))
    [product] = products
    moved_since = product.movements.filter(pk__gt=seen).aggregate(n=Sum("quantity"))["n"] or 0
    difference = counted - (product.stock - moved_since)
    _require_fresh_page(products, seen, [(Reason.CORRECTION, product.pk, difference, reason[:NOTE_MAX])], by)
    if product.stock + difference < 0:
        raise CountTooLow(sku=product.sku, left=product.stock, missing=-difference)
    if difference:
        change_stock({product.pk: difference}, Reason.CORRECTION, _name(by), note=reason[:NOTE_MAX])
    values = {"counted": counted, "difference": difference, "reason": reason}
    _log(by, {product: _("%(counted)s pieces counted: %(difference)+d. %(reason)s") % values})
    return difference


def _require_fresh_page(products: Iterable[Product], seen: int, wanted: Iterable[_Change], by: User) -> None:
    by_hand = StockMovement.objects.filter(product__in=products, pk__gt=seen, reason__in=_BY_HAND)
    newer = list(by_hand.select_related("product").order_by("pk"))
    if newer:
        found = [(each.reason, each.product_id, each.quantity, each.note) for each in newer]
        is_repeat = sorted(found) == sorted(wanted) and {each.reference for each in newer} == {_name(by)}
        raise StalePage(sku=newer[-1].product.sku, by=newer[-1].reference, is_repeat=is_repeat)


def _name(user: User) -> str:
    return user.get_username()[:REFERENCE_MAX]


def _log(by: User, entries: Mapping[Product, str]) -> None:
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
        for product, text in entries.items()
    )
