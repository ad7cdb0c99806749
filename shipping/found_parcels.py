"""Found parcels: one that was lost or returned moves on, unless an operator has already decided about its order."""

from django.db import transaction
from django.utils import timezone

from orders.models import Hold, Status
from orders.services import record_parcel_state
from shipping import selectors
from shipping.carriers import ParcelState
from shipping.models import STRANDED, TRANSITIONS, Shipment


def is_found(*, shipment: Shipment, state: ParcelState) -> bool:
    """Whether `state` is news of a parcel that was lost or returned."""
    return shipment.status in STRANDED and state in TRANSITIONS[shipment.status]


@transaction.atomic(savepoint=False)
def is_decided(*, shipment: Shipment) -> bool:
    """Whether the parcel was replaced, refunded or restocked. Keeps the parcel and its order locked.

    A dispute decides nothing: that the parcel arrived is the shop's evidence.
    """
    current = selectors.locked_with_order().get(pk=shipment.pk)
    order = current.order
    is_waiting = order.status == Status.SHIPPED and order.hold in (Hold.NONE, Hold.DISPUTE)
    return not is_waiting or current.current_for_id is None or current.restocked_at is not None


@transaction.atomic(savepoint=False)
def record_late(*, shipment: Shipment) -> None:
    """Record that a parcel was found too late, once. Nothing else moves: an operator decides."""
    late = Shipment.objects.filter(pk=shipment.pk, status=shipment.status, found_at=None)
    if late.update(found_at=timezone.now()):
        record_parcel_state(order=shipment.order, state="found_late")
