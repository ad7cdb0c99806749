"""Services of a return's parcel: record the booking and its label, call it off.

Each is decided under the lock of the order: of a booking and a cancellation at once, the later one sees the earlier.
"""

from django.db import transaction

from messaging.outbox import enqueue
from orders.models import Order
from orders.selectors import priority
from orders.transitions import lock_order
from shop.models import Return, ReturnLabel, ReturnStatus
from shop.payloads import CancelReturnParcel


@transaction.atomic(savepoint=False)
def record_booking(*, found: Return, carrier: str, tracking_number: str) -> None:
    """Record the parcel that was booked for a return. The first one stays; a cancelled return's is called off."""
    locked(found)
    unbooked = Return.objects.filter(pk=found.pk, tracking_number="")
    is_first = unbooked.update(carrier=carrier, tracking_number=tracking_number)
    found.refresh_from_db(fields=["carrier", "tracking_number", "status"])
    if is_first and found.status == ReturnStatus.CANCELLED:
        call_off(found=found)


def call_off(*, found: Return) -> None:
    """Cancel the parcel of a cancelled return with its carrier, if one is booked. In the caller's transaction."""
    found.refresh_from_db(fields=["carrier", "tracking_number"])
    if found.tracking_number:
        enqueue(CancelReturnParcel(return_id=found.pk), priority=priority(found.order), subject=found.order.number)


@transaction.atomic(savepoint=False)
def store_label(*, found: Return, pdf: bytes) -> bytes:
    """Store the label, unless the return was decided meanwhile. Returns the first one's PDF if there is one already."""
    locked(found)
    if not Return.objects.filter(pk=found.pk, status=ReturnStatus.REQUESTED).exists():
        return pdf
    label, _created = ReturnLabel.objects.get_or_create(parent=found, defaults={"pdf": pdf})
    return bytes(label.pdf)


def locked(found: Return) -> Order:
    return lock_order(order_id=found.order_id)
