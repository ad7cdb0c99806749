"""What must always be true of orders?"""

from collections.abc import Callable, Iterator

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from messaging.invariants import invariant
from messaging.models import Message, State
from orders.deliveries import longest_run
from orders.models import EmailDelivery, Order, Status
from orders.payloads import SendEmail

#: What else may explain that an order stands still: conditions on orders, by the apps that know of it.
EXPLAINED_BY: list[Callable[[], Q]] = []
MOVING = (Status.PLACED, Status.PAYMENT_FAILED, Status.PAID, Status.SHIPPED)
SHOWN = 50


@invariant("every unfinished order has a message that moves it on")
def unfinished_is_explained() -> Iterator[str]:
    """An e-mail moves nothing, so it explains nothing. A person may have to, and be told of it elsewhere."""
    messages = Message.objects.unsettled().exclude(task=SendEmail.task).filter(subject=OuterRef("number"))
    orders = Order.objects.filter(~Exists(messages), status__in=MOVING)
    for explanation in EXPLAINED_BY:
        orders = orders.exclude(explanation())
    for order in orders.order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is {order.status}, and no live or dead message will move it on."


@invariant("every e-mail that may not have been sent has a message that a person sees")
def unknown_emails_are_told() -> Iterator[str]:
    """A discarded message explains it, too: somebody has decided that nothing more need be done."""
    messages = Message.objects.filter(pk=OuterRef("pk")).exclude(state=State.DONE)
    stale = EmailDelivery.objects.filter(
        ~Exists(messages), state=EmailDelivery.State.SENDING, claimed_at__lt=timezone.now() - longest_run()
    )
    for email in stale.order_by("claimed_at")[:SHOWN]:
        yield f"The e-mail {email.kind} of message {email.pk} was begun at {email.claimed_at:%Y-%m-%d %H:%M:%S} UTC"
