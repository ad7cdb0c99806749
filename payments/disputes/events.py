"""Dispute events of the gateway's webhook: stored once, and compared with the gateway's record."""

from django.db import transaction

from messaging.outbox import enqueue
from messaging.topology import Priority
from payments.gateways import WebhookEvent
from payments.models import GatewayEvent, Payment
from payments.payloads import CompareDispute


@transaction.atomic(savepoint=False)
def record_event(*, event: WebhookEvent) -> bool:
    """Store an event and enqueue the comparison of its dispute. False: the event is already stored.

    A charge that the shop does not know yet may be its own, with the reply lost. Its events are compared each time.
    """
    payment = Payment.objects.filter(gateway_reference=event.reference).exclude(gateway_reference="").first()
    if payment is not None:
        defaults = {"kind": event.kind, "key": payment.pk}
        _stored, is_new = GatewayEvent.objects.get_or_create(event_id=event.id, defaults=defaults)
        if not is_new:
            return False
    enqueue_comparison(reference=event.dispute, payment=payment)
    return True


@transaction.atomic(savepoint=False)
def enqueue_comparison(*, reference: str, payment: Payment | None) -> None:
    """Enqueue the comparison of a dispute, by the gateway's ID, with the gateway's record."""
    subject = payment.order.number if payment else reference
    enqueue(CompareDispute(reference=reference), priority=Priority.LOW, subject=subject)
