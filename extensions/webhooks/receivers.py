"""Signal receivers of webhooks. They run inside the transaction that changes the order or the message."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from extensions.webhooks import deliveries, endpoints
from extensions.webhooks.models import State
from extensions.webhooks.payloads import Deliver
from messaging import signals as engine
from messaging.hooks.signal_map import enqueues
from messaging.models import Message
from messaging.operations import audit
from orders import signals
from orders.models import Order, Status

_EVENTS = {
    "order.placed": signals.order_placed,
    "order.paid": signals.order_paid,
    "order.action_required": signals.order_action_required,
    "order.processing": signals.order_processing,
    "order.payment_failed": signals.order_payment_failed,
    "order.delivered": signals.order_delivered,
    "order.cancelled": signals.order_cancelled,
    "order.refunded": signals.order_refunded,
}
_STATES = (
    (engine.messages_revived, State.PENDING),
    (engine.messages_discarded, State.DISCARDED),
    (engine.messages_restored, State.FAILED),
)


def connect() -> None:
    audit.register(deliveries.RESEND, deliveries.ENDPOINT_OFF, *endpoints.ACTIONS)
    for event, signal in _EVENTS.items():
        signal.connect(partial(record, event), weak=False, dispatch_uid=f"webhooks.{event}")
    signals.order_shipped.connect(record_shipped, dispatch_uid="webhooks.order.shipped")
    signals.order_partly_refunded.connect(record_partly_refunded, dispatch_uid="webhooks.order.partly_refunded")
    signals.orders_anonymised.connect(erase, dispatch_uid="webhooks.orders_anonymised")
    engine.message_died.connect(fail, dispatch_uid="webhooks.message_died")
    for signal, state in _STATES:
        signal.connect(partial(follow, state), weak=False, dispatch_uid=f"webhooks.follow.{state}")


@enqueues(Deliver)
def record(event: str, *, order: Order, **kwargs: Any) -> None:
    deliveries.record_event(event=event, order=order)


@enqueues(Deliver)
def record_shipped(*, order: Order, **kwargs: Any) -> None:
    def parcel() -> dict[str, Any]:
        data = order.events.filter(kind=Status.SHIPPED.value).order_by("-id").values_list("data", flat=True).first()
        names = ("carrier", "tracking_number")
        return {"parcel": {name: data[name] for name in names}} if data and all(n in data for n in names) else {}

    deliveries.record_event(event="order.shipped", order=order, extra=parcel)


@enqueues(Deliver)
def record_partly_refunded(*, order: Order, amount: int, left: int, **kwargs: Any) -> None:
    refund = {"refund": {"amount": amount, "left": left}}
    deliveries.record_event(event="order.partly_refunded", order=order, extra=lambda: refund)


def erase(*, orders: Sequence[Order], **kwargs: Any) -> None:
    deliveries.erase(orders=orders)


def fail(*, message: Message, **kwargs: Any) -> None:
    follow(State.FAILED, messages=[message])


def follow(state: State, *, messages: Iterable[Message], **kwargs: Any) -> None:
    if ids := [message.pk for message in messages if message.task == Deliver.task]:
        deliveries.follow_messages(ids, state=state)
