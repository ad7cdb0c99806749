"""Invariants of payments and refunds, checked by the audit.

Each check is one statement, so it sees a consistent state even while workers run. A difference is explained while an
unsettled message will still resolve it.
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

MAX_REPORTED = 50
CAPTURED_ONCE = (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED)
PAID_FOR = (Status.PAID, Status.SHIPPED, Status.DELIVERED)


@invariant("an order's captured money less refunds is its total, or nothing")
def money_adds_up() -> Iterator[str]:
    """Refunds of a payment that is still captured are partial: they reduce what is kept of the order's total."""
    captured = Payment.objects.filter(order=OuterRef("pk"), status__in=CAPTURED_ONCE)
    refunded = Refund.objects.filter(payment__order=OuterRef("pk"), status=RefundStatus.DONE)
    in_part = refunded.filter(payment__status=PaymentStatus.CAPTURED)
    orders = Order.objects.annotate(
        kept=_sum(captured, "order") - _sum(refunded, "payment__order"), in_part=_sum(in_part, "payment__order")
    )
    is_wrong = (Q(status__in=PAID_FOR) & ~Q(kept=F("total") - F("in_part"))) | (~Q(status__in=PAID_FOR) & ~Q(kept=0))
    for order in orders.filter(is_wrong & ~_has_refund_message("number")).order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is {order.status}, its total is {order.total}, but the shop holds {order.kept}."


@invariant("no order is paid twice")
def paid_once() -> Iterator[str]:
    captured = Payment.objects.filter(status=PaymentStatus.CAPTURED).order_by()
    numbers = captured.filter(~_has_refund_message("order__number")).values_list("order__number")
    for number, count in numbers.annotate(count=Count("pk")).filter(count__gt=1)[:MAX_REPORTED]:
        yield f"Order {number} has {count} captured payments."


@invariant("no payment is charged twice")
def charged_once() -> Iterator[str]:
    """The gateway's unique key prevents it, unless a payment was sent under two spellings of its ID."""
    charges = GatewayCharge.objects.values_list(Lower(Replace("idempotency_key", Value("-"), Value(""))))
    for key, count in charges.annotate(count=Count("pk")).filter(count__gt=1)[:MAX_REPORTED]:
        yield f"Payment {key} has {count} charges at the gateway."
    payments = Payment.objects.filter(status__in=CAPTURED_ONCE).order_by().values_list("gateway_reference")
    for reference, count in payments.annotate(count=Count("pk")).filter(count__gt=1)[:MAX_REPORTED]:
        yield f"The gateway's charge {reference} is recorded for {count} payments."


@invariant("captured payments agree with the gateway's record")
def captures_agree() -> Iterator[str]:
    if settings.PAYMENT_GATEWAY != "simulated":
        return
    charges = GatewayCharge.objects.filter(
        reference=OuterRef("gateway_reference"), amount=OuterRef("amount"), currency=OuterRef("currency")
    )
    captured = Payment.objects.filter(status__in=CAPTURED_ONCE)
    for payment in captured.filter(~Exists(charges)).select_related("order")[:MAX_REPORTED]:
        yield f"Payment {payment.pk} ({payment.order.number}) is {payment.status}, but the gateway has no such charge."
    unknown = GatewayCharge.objects.filter(~_recorded(captured), is_captured=True)
    for charge in unknown.exclude(idempotency_key__in=_expected(ChargePayment, "payment_id"))[:MAX_REPORTED]:
        yield f"The gateway charged {charge.amount} {charge.currency} ({charge.reference}), but no payment records it."


@invariant("refunds agree with the gateway's record")
def refunds_agree() -> Iterator[str]:
    if settings.PAYMENT_GATEWAY != "simulated":
        return
    made = GatewayRefund.objects.filter(reference=OuterRef("gateway_reference"), amount=OuterRef("amount"))
    done = Refund.objects.filter(status=RefundStatus.DONE)
    for refund in done.filter(~Exists(made))[:MAX_REPORTED]:
        yield f"Refund {refund.pk} is done, but the gateway has no such refund."
    unknown = GatewayRefund.objects.filter(~_recorded(done))
    for made_refund in unknown.exclude(idempotency_key__in=_expected(RefundPayment, "refund_id"))[:MAX_REPORTED]:
        yield f"The gateway refunded {made_refund.amount} ({made_refund.reference}), but no refund is recorded as done."


@invariant("every pending refund has a message that will complete it")
def pending_refunds_have_a_message() -> Iterator[str]:
    pending = Refund.objects.filter(status=RefundStatus.PENDING).exclude(_has_refund_message("payment__order__number"))
    for refund in pending.select_related("payment__order")[:MAX_REPORTED]:
        number = refund.payment.order.number
        yield f"Order {number} is owed a refund of {refund.amount}, and no live or dead message will make it."


def _sum(rows: QuerySet[Payment] | QuerySet[Refund], group: str) -> Coalesce:
    total = rows.order_by().values(group).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total), Value(0), output_field=IntegerField())


def _recorded(rows: QuerySet[Payment] | QuerySet[Refund]) -> Exists:
    return Exists(rows.filter(gateway_reference=OuterRef("reference")))


def _has_refund_message(number: str) -> Exists:
    return Exists(Message.objects.unsettled().filter(task=RefundPayment.task, subject=OuterRef(number)))


def _expected(payload: type[ChargePayment] | type[RefundPayment], field: str) -> QuerySet[Any, Any]:
    """The idempotency keys of unsettled messages. Without NULLs, which would make SQL's NOT IN match nothing."""
    keys = Message.objects.unsettled().filter(task=payload.task)
    return keys.annotate(key=Cast(KT(f"payload__{field}"), TextField())).exclude(key=None).values("key")
