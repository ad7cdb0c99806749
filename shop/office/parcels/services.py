"""Stock of undelivered parcels: takes replacements, restocks returned items, writes off lost ones."""

from django.db import transaction
from django.utils.translation import gettext as _

from orders.models import Order, Status
from orders.services.operators import Operator, require
from orders.transitions import lock_order
from shipping.models import Shipment, ShipmentStatus
from shipping.services import mark_restocked
from shop.models import StockMovement
from shop.stock.services import held_by, release_stock, retake_stock

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
    require(RESTOCK_RETURNED, by)
    shipment = Shipment.objects.select_for_update(no_key=True).filter(current_for=order).first()
    order = lock_order(order_id=order.pk)
    is_over = order.status in (Status.SHIPPED, Status.REFUNDED)
    if shipment is None or shipment.status != ShipmentStatus.RETURNED or not is_over:
        raise ParcelNotReturned(order.number)
    pieces = sum(held_by(order=order).values())
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
    lost = write_off_reference(order)
    StockMovement.objects.bulk_create(
        StockMovement(product_id=product_id, quantity=quantity, reason=reason, reference=reference)
        for product_id, pieces in held_by(order=order).items()
        for quantity, reason, reference in ((pieces, Reason.RELEASE, order.number), (-pieces, Reason.SALE, lost))
    )
