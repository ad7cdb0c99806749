"""Invariants of orders, their amounts and their e-mails, checked by the audit."""

from collections.abc import Callable, Iterator

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from messaging import clock
from messaging.invariants import Feed, Scope, invariant
from messaging.models import Message, State
from orders.emails.delivery import longest_run
from orders.models import AmountKind, AmountLine, EmailDelivery, Order, OrderEvent, Status
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


@invariant("every order's total is the sum of its amounts", over=ORDERS)
def amounts_add_up(orders: QuerySet[Order]) -> Iterator[str]:
    """An order without amounts was placed by an older release beside this one: `manage.py complete_amounts`."""
    counted = AmountLine.objects.filter(order=OuterRef("pk"), is_included=False).order_by().values("order")
    orders = orders.annotate(in_lines=Subquery(counted.annotate(sum=Sum("amount")).values("sum")))
    wrong = orders.filter(Q(in_lines=None) | ~Q(in_lines=F("total")))
    for number, total, in_lines in wrong.order_by("pk").values_list("number", "total", "in_lines")[:MAX_REPORTED]:
        amounts = "it has no amounts" if in_lines is None else f"its amounts add up to {in_lines}"
        yield f"Order {number} has a total of {total}, but {amounts}."


@invariant("every order's tax is what its amounts contain at their rate", over=ORDERS)
def tax_agrees_with_its_rate(orders: QuerySet[Order]) -> Iterator[str]:
    """Rounded half up: with d = 10,000 + rate, 2·d·tax is at most 2·gross·rate + d, and less than one 2·d below it."""
    is_tax, zero = Q(kind=AmountKind.TAX), Value(0, output_field=BigIntegerField())
    lines = AmountLine.objects.filter(order__in=orders, rate__isnull=False).order_by().values("order__number", "rate")
    sums = lines.annotate(
        gross=Coalesce(Sum("amount", filter=~is_tax), zero), tax=Coalesce(Sum("amount", filter=is_tax), zero)
    ).annotate(exact=F("gross") * F("rate") * 2 + F("rate") + 10_000, rounded=F("tax") * (F("rate") + 10_000) * 2)
    agrees = Q(rounded__lte=F("exact"), exact__lt=F("rounded") + (F("rate") + 10_000) * 2)
    for found in sums.exclude(agrees)[:MAX_REPORTED]:
        yield (
            f"Order {found['order__number']} has a tax of {found['tax']} at {found['rate']} basis points, which is not "
            f"what {found['gross']} contain."
        )
