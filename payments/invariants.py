"""What must always be true of payments?

Each check is one statement and so sees one moment, even while workers run: money that is on its way has a message that
is not settled yet, and that explains it.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Lower, Replace

from messaging.invariants import invariant
from messaging.models import Message
from orders.models import Order, Status
from payments.models import GatewayCharge, GatewayRefund, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ChargePayment, RefundPayment

SHOWN = 50
CAPTURED_ONCE = (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED)
PAID_FOR = (Status.PAID, Status.SHIPPED, Status.DELIVERED)


@invariant("an order's captured money less refunds is its total, or nothing")
def money_adds_up() -> Iterator[str]:
    """What was given back of a payment that still stands is a refund in part, which the order's total survives."""
    captured = Payment.objects.filter(order=OuterRef("pk"), status__in=CAPTURED_ONCE)
    refunded = Refund.objects.filter(payment__order=OuterRef("pk"), status=RefundStatus.DONE)
    in_part = refunded.filter(payment__status=PaymentStatus.CAPTURED)
    orders = Order.objects.annotate(
        kept=_sum(captured, "order") - _sum(refunded, "payment__order"), in_part=_sum(in_part, "payment__order")
    )
    is_wrong = (Q(status__in=PAID_FOR) & ~Q(kept=F("total") - F("in_part"))) | (~Q(status__in=PAID_FOR) & ~Q(kept=0))
    for order in orders.filter(is_wrong & ~_refund_is_coming("number")).order_by("pk")[:SHOWN]:
        yield f"Order {order.number} is {order.status}, its total is {order.total}, but {order.kept} is kept of it."


@invariant("no order is paid twice")
def paid_once() -> Iterator[str]:
    captured = Payment.objects.filter(status=PaymentStatus.CAPTURED).order_by()
    numbers = captured.filter(~_refund_is_coming("order__number")).values_list("order__number")
    for number, count in numbers.annotate(count=Count("pk")).filter(count__gt=1)[:SHOWN]:
        yield f"Order {number} has {count} captured payments."


@invariant("no payment is charged twice")
def charged_once() -> Iterator[str]:
    """The gateway's unique key forbids it, unless one payment was sent under two spellings of its id."""
    charges = GatewayCharge.objects.values_list(Lower(Replace("idempotency_key", Value("-"), Value(""))))
    for key, count in charges.annotate(count=Count("pk")).filter(count__gt=1)[:SHOWN]:
        yield f"Payment {key} has {count} charges at the gateway."
    payments = Payment.objects.filter(status__in=CAPTURED_ONCE).order_by().values_list("gateway_reference")
    for reference, count in payments.annotate(count=Count("pk")).filter(count__gt=1)[:SHOWN]:
        yield f"The gateway's charge {reference} is recorded for {count} payments."


@invariant("captured payments agree with the gateway's record")
def captures_agree() -> Iterator[str]:
    if settings.PAYMENT_GATEWAY != "simulated":
        return
    charges = GatewayCharge.objects.filter(
        reference=OuterRef("gateway_reference"), amount=OuterRef("amount"), currency=OuterRef("currency")
    )
    captured = Payment.objects.filter(status__in=CAPTURED_ONCE)
    for payment in captured.filter(~Exists(charges)).select_related("order")[:SHOWN]:
        yield f"Payment {payment.pk} ({payment.order.number}) is {payment.status}, but the gateway has no such charge."
    unknown = GatewayCharge.objects.filter(~_recorded(captured), is_captured=True)
    for charge in unknown.exclude(idempotency_key__in=_expected(ChargePayment, "payment_id"))[:SHOWN]:
        yield f"The gateway charged {charge.amount} {charge.currency} ({charge.reference}), but no payment knows of it."


@invariant("refunds agree with the gateway's record")
def refunds_agree() -> Iterator[str]:
    if settings.PAYMENT_GATEWAY != "simulated":
        return
    given = GatewayRefund.objects.filter(reference=OuterRef("gateway_reference"), amount=OuterRef("amount"))
    done = Refund.objects.filter(status=RefundStatus.DONE)
    for refund in done.filter(~Exists(given))[:SHOWN]:
        yield f"Refund {refund.pk} is done, but the gateway gave nothing back."
    unknown = GatewayRefund.objects.filter(~_recorded(done))
    for given_back in unknown.exclude(idempotency_key__in=_expected(RefundPayment, "refund_id"))[:SHOWN]:
        yield f"The gateway gave {given_back.amount} back ({given_back.reference}), but no refund is done."


@invariant("every refund that is owed has a message that makes it")
def owed_is_coming() -> Iterator[str]:
    owed = Refund.objects.filter(status=RefundStatus.PENDING).exclude(_refund_is_coming("payment__order__number"))
    for refund in owed.select_related("payment__order")[:SHOWN]:
        number = refund.payment.order.number
        yield f"Order {number} is owed {refund.amount}, and no live or dead message will give it back."


def _sum(rows: QuerySet[Payment] | QuerySet[Refund], group: str) -> Coalesce:
    total = rows.order_by().values(group).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total), Value(0), output_field=IntegerField())


def _recorded(rows: QuerySet[Payment] | QuerySet[Refund]) -> Exists:
    return Exists(rows.filter(gateway_reference=OuterRef("reference")))


def _refund_is_coming(number: str) -> Exists:
    return Exists(Message.objects.unsettled().filter(task=RefundPayment.task, subject=OuterRef(number)))


def _expected(payload: type[ChargePayment] | type[RefundPayment], field: str) -> QuerySet[Any, Any]:
    """The idempotency keys of what is still under way. SQL's NOT IN finds nothing beside a NULL."""
    keys = Message.objects.unsettled().filter(task=payload.task)
    return keys.annotate(key=Cast(KT(f"payload__{field}"), TextField())).exclude(key=None).values("key")
