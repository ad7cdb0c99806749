"""Stock of undelivered parcels: takes replacements, restocks returned items, writes off lost ones."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from orders.models import Order, Status
from orders.services.operators import Operator
from orders.transitions import lock_order
from shipping.models import Shipment, ShipmentStatus
from shipping.services import mark_restocked
from shop.models import StockMovement
from shop.stock.services import release_stock, retake_stock

Reason = StockMovement.Reason
RESTOCK_RETURNED = "shipping.restock_returned_goods"


class ParcelNotReturned(RuntimeError):
    """The order's parcel has not been returned. Nothing was changed."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The parcel of order %(number)s has not been returned. Nothing was changed.") % {"number": number}
        )


@transaction.atomic(savepoint=False)
def take_replacement_stock(*, order: Order, goods_are_back: bool) -> None:
    """Take the order's items from stock again; lost or damaged ones are written off first.

    Raises `OutOfStock`; nothing was written then.
    """
    if goods_are_back:
        release_stock(order=order)
    else:
        _write_off(order)
    retake_stock(order=order)


@transaction.atomic(savepoint=False)
def release_unsent_stock(*, order: Order) -> None:
    """Return to stock what an order holds whose parcel was never booked, as after a refund before its replacement."""
    if not Shipment.objects.filter(current_for=order).exclude(status=ShipmentStatus.CANCELLED).exists():
        release_stock(order=order)


@transaction.atomic(savepoint=False)
def restock_returned_parcel(*, order: Order, by: Operator) -> int:
    """Return the contents of a returned parcel to stock. Returns the number of pieces, 0 if done before.

    Raises `PermissionDenied`, and `ParcelNotReturned` unless the order's current parcel was returned.
    """
    if not by.has_perm(RESTOCK_RETURNED):
        raise PermissionDenied(f"{by.get_username()} lacks the permission {RESTOCK_RETURNED}.")
    shipment = Shipment.objects.select_for_update(no_key=True).filter(current_for=order).first()
    order = lock_order(order_id=order.pk)
    is_over = order.status in (Status.SHIPPED, Status.REFUNDED)
    if shipment is None or shipment.status != ShipmentStatus.RETURNED or not is_over:
        raise ParcelNotReturned(order.number)
    pieces = sum(_held(order).values())
    release_stock(order=order)
    mark_restocked(shipment=shipment)
    return pieces


def write_off_reference(order: Order) -> str:
    """Reference of the movements that write off an order's lost or damaged items."""
    return f"{order.number} lost"


def _write_off(order: Order) -> None:
    """Move what the order holds to a separate reference, so that a later cancellation cannot return it to stock.

    Stock is unchanged: the items stay sold.
    """
    for product_id, pieces in _held(order).items():
        moved = ((pieces, Reason.RELEASE, order.number), (-pieces, Reason.SALE, write_off_reference(order)))
        StockMovement.objects.bulk_create(
            StockMovement(product_id=product_id, quantity=quantity, reason=reason, reference=reference)
            for quantity, reason, reference in moved
        )


def _held(order: Order) -> dict[int, int]:
    """Pieces by product that the order has taken and not released."""
    movements = StockMovement.objects.filter(reference=order.number).order_by().values_list("product")
    return {product_id: -held for product_id, held in movements.annotate(held=Sum("quantity")).filter(held__lt=0)}
