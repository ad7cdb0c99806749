"""What do orders do when something happened? They send e-mails, watch for unpaid orders, and keep their timeline."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.dispatch import Signal

from messaging.hooks import subject_links
from messaging.hooks.signal_map import enqueues
from messaging.models import Message
from messaging.outbox import enqueue
from messaging.signals import attempt_failed, message_deferred, messages_revived
from messaging.topology import Priority
from orders import signals
from orders.models import Order, OrderEvent, Source
from orders.payloads import CancelUnpaid, EmailKind, SendEmail
from orders.records import orders_page
from orders.selectors import ATTEMPT_FAILED, DEFERRED, REPLAYED

_MAILED: dict[EmailKind, Signal] = {
    "placed": signals.order_placed,
    "paid": signals.order_paid,
    "payment_failed": signals.order_payment_failed,
    "shipped": signals.order_shipped,
    "cancelled": signals.order_cancelled,
    "refunded": signals.order_refunded,
}


def connect() -> None:
    for kind, signal in _MAILED.items():
        # The partial has no other owner, so the signal must hold it.
        signal.connect(partial(send_email, kind), weak=False, dispatch_uid=f"orders.send_email.{kind}")
    signals.order_partly_refunded.connect(tell_of_part, dispatch_uid="orders.tell_of_part")
    signals.order_payment_failed.connect(watch_unpaid, dispatch_uid="orders.watch_unpaid")
    attempt_failed.connect(note_failed_attempt, dispatch_uid="orders.note_failed_attempt")
    message_deferred.connect(note_deferral, dispatch_uid="orders.note_deferral")
    messages_revived.connect(note_replay, dispatch_uid="orders.note_replay")
    subject_links.register(orders_page)


@enqueues(SendEmail)
def send_email(kind: EmailKind, /, *, order: Order, **kwargs: Any) -> None:
    _send(order, SendEmail(order_id=order.pk, kind=kind))


@enqueues(SendEmail)
def tell_of_part(*, order: Order, amount: int, left: int, **kwargs: Any) -> None:
    _send(order, SendEmail(order_id=order.pk, kind="partly_refunded", amount=amount, left=left))


@enqueues(CancelUnpaid)
def watch_unpaid(*, order: Order, **kwargs: Any) -> None:
    enqueue(CancelUnpaid(order_id=order.pk), subject=order.number, delay=settings.CONVEYOR_UNPAID_SECONDS)


def note_failed_attempt(
    *, message: Message, error_type: str, attempt: int, of: int, retry_at: datetime | None, **kwargs: Any
) -> None:
    data = {
        "error_type": error_type,
        "attempt": attempt,
        "of": of,
        "retry_at": retry_at.isoformat() if retry_at else None,
    }
    _note([message], ATTEMPT_FAILED, data)


def note_deferral(*, message: Message, circuit: str, **kwargs: Any) -> None:
    _note([message], DEFERRED, {"circuit": circuit})


def note_replay(*, messages: Sequence[Message], **kwargs: Any) -> None:
    _note(messages, REPLAYED, {})


def _send(order: Order, email: SendEmail) -> None:
    """Imported orders were told of long ago."""
    if order.source != Source.IMPORT:
        enqueue(email, priority=Priority.LOW, subject=order.number)


def _note(messages: Sequence[Message], kind: str, data: dict[str, Any]) -> None:
    """A message whose subject is no order's number is none of our business."""
    numbers = {message.subject for message in messages}
    ids = dict(Order.objects.filter(number__in=numbers).values_list("number", "pk"))
    OrderEvent.objects.bulk_create(
        OrderEvent(
            order_id=ids[message.subject],
            kind=kind,
            data={"task": message.task, "step": message.routing_key.partition(".")[0]} | data,
        )
        for message in messages
        if message.subject in ids
    )
