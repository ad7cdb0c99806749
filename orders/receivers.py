"""Signal receivers of orders: e-mails, the payment deadline, and timeline events."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.dispatch import Signal
from django.utils import timezone

from messaging.hooks import subject_links
from messaging.hooks.signal_map import enqueues
from messaging.models import Message
from messaging.outbox import enqueue
from messaging.signals import attempt_failed, message_deferred, messages_revived
from messaging.topology import Priority
from orders import signals
from orders.models import Order, OrderEvent, Source
from orders.payloads import CancelUnpaid, EmailKind, SendEmail
from orders.readonly_admin import order_search_url
from orders.selectors import ACKNOWLEDGE_AFTER
from orders.timeline import ATTEMPT_FAILED, DEFERRED, REPLAYED

_EMAILED_ON: dict[EmailKind, Signal] = {
    "paid": signals.order_paid,
    "payment_failed": signals.order_payment_failed,
    "shipped": signals.order_shipped,
    "cancelled": signals.order_cancelled,
    "refunded": signals.order_refunded,
}


def connect() -> None:
    for kind, signal in _EMAILED_ON.items():
        # Nothing else holds the partial, so a weak reference would drop it.
        signal.connect(partial(send_email, kind), weak=False, dispatch_uid=f"orders.send_email.{kind}")
    signals.order_partly_refunded.connect(email_partial_refund, dispatch_uid="orders.email_partial_refund")
    signals.order_payment_failed.connect(schedule_cancellation, dispatch_uid="orders.schedule_cancellation")
    signals.order_action_required.connect(schedule_expiry, dispatch_uid="orders.schedule_expiry")
    signals.order_action_required.connect(email_later_wait, dispatch_uid="orders.email_action_required")
    signals.order_processing.connect(email_later_wait, dispatch_uid="orders.email_processing")
    attempt_failed.connect(record_failed_attempt, dispatch_uid="orders.record_failed_attempt")
    message_deferred.connect(record_deferral, dispatch_uid="orders.record_deferral")
    messages_revived.connect(record_replay, dispatch_uid="orders.record_replay")
    subject_links.register(order_search_url)


@enqueues(SendEmail)
def send_email(kind: EmailKind, /, *, order: Order, **kwargs: Any) -> None:
    _send(order, SendEmail(order_id=order.pk, kind=kind))


@enqueues(SendEmail)
def email_partial_refund(*, order: Order, amount: int, left: int, **kwargs: Any) -> None:
    _send(order, SendEmail(order_id=order.pk, kind="partly_refunded", amount=amount, left=left))


@enqueues(CancelUnpaid)
def schedule_cancellation(*, order: Order, **kwargs: Any) -> None:
    enqueue(CancelUnpaid(order_id=order.pk), subject=order.number, delay=settings.CONVEYOR_UNPAID_SECONDS)


@enqueues(CancelUnpaid)
def schedule_expiry(*, order: Order, **kwargs: Any) -> None:
    enqueue(CancelUnpaid(order_id=order.pk), subject=order.number, delay=settings.CONVEYOR_ACTION_SECONDS)


@enqueues(SendEmail)
def email_later_wait(*, order: Order, **kwargs: Any) -> None:
    """The acknowledgement writes to those who have just ordered; later, the shopper may have left the page."""
    if timezone.now() - order.placed_at > ACKNOWLEDGE_AFTER:
        send_email(cast("EmailKind", str(order.status)), order=order)


def record_failed_attempt(
    *, message: Message, error_type: str, attempt: int, of: int, retry_at: datetime | None, **kwargs: Any
) -> None:
    data = {
        "error_type": error_type,
        "attempt": attempt,
        "of": of,
        "retry_at": retry_at.isoformat() if retry_at else None,
    }
    _record([message], ATTEMPT_FAILED, data)


def record_deferral(*, message: Message, circuit: str, **kwargs: Any) -> None:
    _record([message], DEFERRED, {"circuit": circuit})


def record_replay(*, messages: Sequence[Message], **kwargs: Any) -> None:
    _record(messages, REPLAYED, {})


def _send(order: Order, email: SendEmail) -> None:
    """Imported orders are history: their customers were notified at the time."""
    if order.source != Source.IMPORT:
        enqueue(email, priority=Priority.LOW, subject=order.number)


def _record(messages: Sequence[Message], kind: str, data: dict[str, Any]) -> None:
    """Ignores messages that are not about an order."""
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
