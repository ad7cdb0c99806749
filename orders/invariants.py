"""Invariants of orders and their e-mails, checked by the audit."""

from collections.abc import Callable, Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from messaging import clock
from messaging.invariants import Feed, Scope, invariant
from messaging.models import Message, State
from orders.emails.delivery import longest_run
from orders.models import EmailDelivery, Order, OrderEvent, Status
from orders.payloads import SendEmail

#: Conditions under which an order may rest without a message, contributed by other apps.
RESTING_CONDITIONS: list[Callable[[], Q]] = []
MOVING = (
    Status.PLACED,
    Status.ACTION_REQUIRED,
    Status.PROCESSING,
    Status.PAYMENT_FAILED,
    Status.PAID,
    Status.SHIPPED,
)
MAX_REPORTED = 50
#: Every change of an order, its money or its parcel writes an event; a discarded message may leave it without one.
ORDERS = Scope(
    "orders",
    Order.objects.all(),
    (
        Feed(OrderEvent.objects.all(), key="order"),
        Feed(Message.objects.filter(state=State.DISCARDED), key="subject", of="number", by="finished_at"),
    ),
)


@invariant("every unfinished order has a message that will move it forward", over=ORDERS)
def unfinished_orders_have_a_message(orders: QuerySet[Order]) -> Iterator[str]:
    """E-mails do not count: they move nothing forward."""
    messages = Message.objects.unsettled().exclude(task=SendEmail.task)
    orders = orders.filter(~messages.exist_about("number"), status__in=MOVING)
    for condition in RESTING_CONDITIONS:
        orders = orders.exclude(condition())
    for order in orders.order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is {order.status}, and no live or dead message will move it forward."


@invariant("every e-mail with an unknown outcome has a message that operators see")
def unknown_emails_have_a_message() -> Iterator[str]:
    """A discarded message counts, too: an operator has decided that nothing more need be done."""
    messages = Message.objects.filter(pk=OuterRef("pk")).exclude(state=State.DONE)
    stale = EmailDelivery.objects.filter(
        ~Exists(messages), state=EmailDelivery.State.SENDING, claimed_at__lt=timezone.now() - longest_run()
    )
    for email in stale.order_by("claimed_at")[:MAX_REPORTED]:
        claimed_at = clock.text(email.claimed_at)
        yield f"E-mail {email.kind} of message {email.pk} was claimed at {claimed_at}; its outcome is unknown."
