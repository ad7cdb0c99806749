"""What must always be true of orders?"""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from messaging.invariants import invariant
from messaging.models import Message
from orders.models import Order, Status
from orders.payloads import SendEmail

MOVING = (Status.PLACED, Status.PAYMENT_FAILED, Status.PAID, Status.SHIPPED)
SHOWN = 50


@invariant("every unfinished order has a message that moves it on")
def unfinished_is_explained() -> Iterator[str]:
    """An e-mail moves nothing, so it explains nothing."""
    messages = Message.objects.unsettled().exclude(task=SendEmail.task).filter(subject=OuterRef("number"))
    for order in Order.objects.filter(~Exists(messages), status__in=MOVING).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is {order.status}, and no live or dead message will move it on."
