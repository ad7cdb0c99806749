"""What can an operator do about an order whose parcel cannot be booked, or did not arrive?

Permissions are asked here, not only on the pages. Everything may be asked for twice, and is done once.
"""

from typing import Protocol

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import transitions
from messaging.models import Message, MessageQuerySet, State
from messaging.outbox import transaction as ledger_transaction
from messaging.relay import wakeup
from messaging.transitions import Intervention
from orders.models import Order
from orders.services import change_address, send_again
from orders.values import Address
from shipping.models import STRANDED, Shipment
from shipping.payloads import CreateShipment
from shipping.services import request_shipment

RESHIP = "shipping.reship_parcel"
CORRECT = "shipping.correct_address"


class Operator(Protocol):
    """One of Django's users, whatever model the project uses."""

    def has_perm(self, perm: str) -> bool: ...

    def get_username(self) -> str: ...


class BeingBooked(RuntimeError):
    """A worker may be giving the carrier the old address right now."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _("Order %(number)s is being booked right now. Nothing was changed. Try again in a minute.")
            % {"number": number}
        )


def correct_address(*, order: Order, address: Address, by: Operator) -> bool:
    """Send a paid order that is not booked yet to `address`, and book anew if that had failed for good.

    Whether anything changed. Raises `PermissionDenied`, `BeingBooked`, and `IllegalTransition` for an order that has
    left, or never will; then nothing was changed.
    """
    _require(CORRECT, by)
    with ledger_transaction():
        # The lock keeps a booking from being recorded meanwhile; one that has begun is told by its message.
        Order.objects.select_for_update().get(pk=order.pk)
        if _bookings(order).filter(state=State.SENT).exists() or Shipment.objects.filter(current_for=order).exists():
            raise BeingBooked(order.number)
        changed = change_address(order=order, address=address, by=by.get_username())
        dead = transitions.lock_dead(_bookings(order).values_list("pk", flat=True))
        if not dead and not _bookings(order).live().exists():
            request_shipment(order=order)
        why = Intervention(actor=by.get_username(), action="retry", reason=_("the address was corrected"))
        transitions.revive_locked(list(dead.values()), intervention=why, now=timezone.now())
        wakeup.call()
    return changed


@transaction.atomic(savepoint=False)
def reship(*, shipment: Shipment, goods_are_back: bool, by: Operator, address: Address | None = None) -> bool:
    """Send the order again whose parcel was lost or came back: it is booked under a new key, as another shipment.

    `goods_are_back`: what was in it is here again, and fit to be sold. `address` is where it goes from now on, if it
    was wrong. Whether it is sent: False where somebody has asked for it before.
    Raises `PermissionDenied`, `IllegalTransition` for an order that is not on its way, and whatever a receiver refuses
    it with, as when stock is gone; then nothing was changed.
    """
    _require(RESHIP, by)
    stranded = Shipment.objects.filter(pk=shipment.pk, current_for=shipment.order_id, status__in=STRANDED)
    if not stranded.update(current_for=None):
        return False
    order = Order.objects.get(pk=shipment.order_id)
    send_again(order=order, goods_are_back=goods_are_back, by=by.get_username())
    if address is not None:
        change_address(order=order, address=address, by=by.get_username())
    return True


def _bookings(order: Order) -> MessageQuerySet:
    return Message.objects.filter(task=CreateShipment.task, subject=order.number)


def _require(permission: str, by: Operator) -> None:
    if not by.has_perm(permission):
        raise PermissionDenied(f"{by.get_username()} lacks the permission {permission}.")
