"""Stock of parcels that did not arrive: take a replacement, restock or write off what came back or was lost."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from orders.models import Order, Status
from shipping.models import ShipmentStatus
from shipping.repairs import Operator
from shop.models import StockMovement
from shop.stock.services import release_stock, retake_stock

Reason = StockMovement.Reason
TAKE_BACK = "shipping.take_back_goods"


class ParcelNotReturned(RuntimeError):
    """The order's parcel is not back, so its goods cannot be."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The parcel of order %(number)s has not come back. Nothing was changed.") % {"number": number}
        )


@transaction.atomic(savepoint=False)
def take_replacement_stock(*, order: Order, goods_are_back: bool) -> None:
    """Take the order's goods once more. What is lost or damaged is written off: the order no longer holds it.

    Raises `OutOfStock`; then nothing was written.
    """
    if goods_are_back:
        release_stock(order=order)
    else:
        _write_off(order)
    retake_stock(order=order)


@transaction.atomic(savepoint=False)
def restock_returned_parcel(*, order: Order, by: Operator) -> int:
    """Put the goods of a returned parcel back on the shelf; how many pieces, 0 where that was done before.

    Raises `PermissionDenied`, and `ParcelNotReturned` unless the parcel that counts was returned.
    """
    if not by.has_perm(TAKE_BACK):
        raise PermissionDenied(f"{by.get_username()} lacks the permission {TAKE_BACK}.")
    order = Order.objects.select_for_update().get(pk=order.pk)
    shipment = getattr(order, "shipment", None)
    is_back = shipment is not None and shipment.status == ShipmentStatus.RETURNED
    if not is_back or order.status not in (Status.SHIPPED, Status.REFUNDED):
        raise ParcelNotReturned(order.number)
    pieces = sum(_held(order).values())
    release_stock(order=order)
    return pieces


def write_off_reference(order: Order) -> str:
    """The reference of the movements that tell of an order's lost and damaged goods."""
    return f"{order.number} lost"


def _write_off(order: Order) -> None:
    """What the order holds is booked over to a reference of its own: no stock changes, the goods stay sold, and a later
    cancellation puts back only what can be put back."""
    for product_id, pieces in _held(order).items():
        moved = ((pieces, Reason.RELEASE, order.number), (-pieces, Reason.SALE, write_off_reference(order)))
        StockMovement.objects.bulk_create(
            StockMovement(product_id=product_id, quantity=quantity, reason=reason, reference=reference)
            for quantity, reason, reference in moved
        )


def _held(order: Order) -> dict[int, int]:
    """Pieces by product that the order took and has not given back."""
    movements = StockMovement.objects.filter(reference=order.number).order_by().values_list("product")
    return {product_id: -held for product_id, held in movements.annotate(held=Sum("quantity")).filter(held__lt=0)}
