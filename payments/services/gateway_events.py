"""Gateway events: stores what a webhook reports, and enqueues a comparison with the gateway's record."""

import uuid

from django.db import transaction

from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.models import Order
from payments.disputes import events as disputes
from payments.gateways import WebhookEvent
from payments.models import GatewayEvent, Payment
from payments.payloads import ComparePayment


@transaction.atomic(savepoint=False)
def record_event(*, event: WebhookEvent) -> bool:
    """Store an event and enqueue the comparison of its payment.

    False: the event is already stored, or is about a charge that is not the shop's.
    """
    if event.dispute:
        return disputes.record_event(event=event)
    key = event.key or _payment_id(event.reference)
    if key is None:
        return False
    _stored, is_new = GatewayEvent.objects.get_or_create(event_id=event.id, defaults={"kind": event.kind, "key": key})
    if is_new:
        number = Order.objects.filter(payments=key).values_list("number", flat=True).first()
        enqueue_comparison(key=key, reference=event.reference, number=number or "")
    return is_new


@transaction.atomic(savepoint=False)
def enqueue_comparison(*, key: uuid.UUID, reference: str, number: str) -> None:
    """Enqueue the comparison of one payment with the gateway's record.

    `number` is its order's, where known; if not, the message's subject is the gateway's reference.
    """
    payload = ComparePayment(payment_id=key, reference=reference)
    enqueue(payload, priority=Priority.LOW, subject=number or reference[:100])


def _payment_id(reference: str) -> uuid.UUID | None:
    if not reference:
        return None
    return Payment.objects.filter(gateway_reference=reference).values_list("pk", flat=True).first()
