"""Gateway events: stores what a webhook reports, and enqueues a comparison with the gateway's record.

A comparison reads all that has happened so far, so one that has not started yet stands for many events.
"""

import uuid
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from messaging import clock
from messaging.models import Message, State
from messaging.outbox import enqueue
from messaging.topology import Priority
from orders.models import Order
from payments.disputes import events as disputes
from payments.gateways import WebhookEvent
from payments.models import GatewayEvent, Payment
from payments.payloads import ComparePayment

#: Seconds. A shopper may be waiting for what an event reports.
_PAUSE: Final = 1.0


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
        _compare_soon(ComparePayment(payment_id=key, reference=event.reference))
    return is_new


@transaction.atomic(savepoint=False)
def enqueue_comparison(*, key: uuid.UUID, reference: str, number: str) -> None:
    """Enqueue the comparison of one payment with the gateway's record.

    `number` is its order's, where known; if not, the message's subject is the gateway's reference.
    """
    payload = ComparePayment(payment_id=key, reference=reference)
    enqueue(payload, priority=Priority.LOW, subject=number or reference[:100])


def _compare_soon(payload: ComparePayment) -> None:
    """While one comparison runs, the next one waits a moment for further events."""
    running = Message.objects.filter(subject=OuterRef("number"), task=payload.task, state=State.SENT)
    orders = Order.objects.filter(payments=payload.payment_id).annotate(is_compared=Exists(running))
    number, is_compared = orders.values_list("number", "is_compared").first() or (payload.reference[:100], False)
    if not _is_to_start(payload, subject=number):
        enqueue(payload, priority=Priority.LOW, subject=number, delay=_PAUSE if is_compared else 0)


def _is_to_start(payload: ComparePayment, *, subject: str) -> bool:
    """Whether a message of exactly this payload starts soon, and certainly after this transaction.

    It was never claimed, and stays locked until the end: relays skip locked rows. One that somebody else has locked may
    be starting, and does not count.
    """
    waiting = Message.objects.select_for_update(skip_locked=True).filter(subject=subject, task=payload.task)
    never_sent = waiting.filter(state=State.PENDING, sends=0, waits_for="", schema_version=payload.version)
    soon = never_sent.filter(available_at__lte=clock.moment() + timedelta(seconds=_PAUSE))
    return payload.dump() in list(soon.values_list("payload", flat=True))


def _payment_id(reference: str) -> uuid.UUID | None:
    if not reference:
        return None
    return Payment.objects.filter(gateway_reference=reference).values_list("pk", flat=True).first()
