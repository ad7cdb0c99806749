"""Operator actions on delivery problems: correcting an address, and reshipping a parcel that did not arrive.

Permissions are checked here, not only on the pages. Each action is idempotent.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from messaging import clock, transitions
from messaging.models import MessageQuerySet, State
from messaging.outbox import transaction as ledger_transaction
from messaging.relay import wakeup
from messaging.transitions import Intervention
from orders.models import Order, OrderEvent
from orders.services import change_address, send_again
from orders.services.operators import Operator, require
from orders.transitions import lock_order
from orders.values import Address
from shipping.models import STRANDED, Shipment, ShipmentStatus
from shipping.selectors import booking_messages
from shipping.services import request_shipment

RESHIP_PARCEL = "shipping.reship_parcel"
CORRECT_ADDRESS = "shipping.correct_address"


class BookingInProgress(RuntimeError):
    """A worker may be booking the parcel with the old address right now."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _("The parcel of order %(number)s is being booked right now. Nothing was changed. Try again in a minute.")
            % {"number": number}
        )


class AddressChanged(RuntimeError):
    """Somebody has changed the address since the submitted page was opened, which has the one before in its form."""

    def __init__(self, number: str, by: str) -> None:
        super().__init__(
            _("%(by)s changed the address of order %(number)s after you opened this page. Nothing was changed.")
            % {"by": by, "number": number}
        )


def address_changes(*, order: Order) -> QuerySet[OrderEvent]:
    """An order's corrections of its address, oldest first."""
    return OrderEvent.objects.filter(order=order, kind="address_changed").order_by("id")


def correct_address(*, order: Order, address: Address, by: Operator, seen: int | None = None) -> bool:
    """Change the address of a paid order before its parcel is booked, and retry a booking that is dead.

    `seen` is how many `address_changes` the submitted page knew. Returns whether the address differed; with the same
    one, nothing is changed. Raises `PermissionDenied`, `AddressChanged`, `BookingInProgress`, and `IllegalTransition`
    for an order that is not waiting to be shipped; nothing is changed then.
    """
    require(CORRECT_ADDRESS, by)
    with ledger_transaction():
        # The lock keeps a booking from being recorded meanwhile.
        present = lock_order(order_id=order.pk)
        if present.address != address:
            _require_fresh_page(present, seen)
        bookings = booking_messages(order=order)
        if _may_begin(bookings) or Shipment.objects.filter(current_for=order).exists():
            raise BookingInProgress(order.number)
        if not change_address(order=order, address=address, by=by.get_username()):
            return False
        dead = transitions.lock_dead(bookings.values_list("pk", flat=True))
        if not dead and not bookings.live().exists():
            request_shipment(order=order)
        why = Intervention(actor=by.get_username(), action="retry", reason=_("the address was corrected"))
        transitions.revive_locked(list(dead.values()), intervention=why, now=clock.now())
        wakeup.call()
    return True


def _require_fresh_page(order: Order, seen: int | None) -> None:
    changes = list(address_changes(order=order))
    if seen is not None and len(changes) > seen:
        raise AddressChanged(order.number, by=changes[-1].data["by"])


def _may_begin(bookings: MessageQuerySet) -> bool:
    """Whether a booking has begun, or may before this transaction ends: relays skip messages that are locked here.

    Those that somebody else has locked are not waited for: a worker may have them, and wait for the order.
    """
    waiting = bookings.filter(state__in=(State.PENDING, State.DEAD)).select_for_update(skip_locked=True)
    locked = list(waiting.values_list("pk", flat=True))
    return bookings.unsettled().exclude(pk__in=locked).exists()


@transaction.atomic(savepoint=False)
def reship(*, shipment: Shipment, goods_are_back: bool, by: Operator, address: Address | None = None) -> bool:
    """Reship an order whose parcel was lost or returned: another shipment is booked, under a new key.

    `goods_are_back`: the contents were returned in a condition to be sold; those of a lost parcel never are. `address`
    replaces the order's address. Returns False if the parcel has already been reshipped. Raises `PermissionDenied`,
    `IllegalTransition` for an order that is not on its way, and any error with which a receiver vetoes, for example if
    stock is gone; nothing is changed then.
    """
    require(RESHIP_PARCEL, by)
    stranded = Shipment.objects.filter(pk=shipment.pk, current_for=shipment.order_id, status__in=STRANDED)
    if not stranded.update(current_for=None):
        return False
    order = Order.objects.get(pk=shipment.order_id)
    is_returned = Shipment.objects.filter(pk=shipment.pk, status=ShipmentStatus.RETURNED).exists()
    send_again(order=order, goods_are_back=goods_are_back and is_returned, by=by.get_username())
    if address is not None:
        change_address(order=order, address=address, by=by.get_username())
    return True
