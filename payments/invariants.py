"""Invariants of payments and refunds, checked by the audit.

Each check ends with one statement, so it sees a consistent state even while workers run. A difference is explained
while an unsettled message will still resolve it.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Lower, Replace, Upper
from django.db.models.lookups import IsNull

from messaging.invariants import Feed, Scope, invariant
from messaging.models import Message
from orders.invariants import ORDERS
from orders.models import Order, Status
from payments.models import GatewayCharge, GatewayRefund, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ChargePayment, RefundPayment

MAX_REPORTED = 50
_LOOKED_AT = 10_000
CAPTURED_ONCE = (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED)
PAID_FOR = (Status.PAID, Status.SHIPPED, Status.DELIVERED)
CHARGES = Scope("gateway charges", GatewayCharge.objects.all(), (Feed(GatewayCharge.objects.all()),))
GATEWAY_REFUNDS = Scope("gateway refunds", GatewayRefund.objects.all(), (Feed(GatewayRefund.objects.all()),))


@invariant("an order's captured money less refunds is its total, or nothing", over=ORDERS)
def money_adds_up(orders: QuerySet[Order]) -> Iterator[str]:
    """Refunds of a payment that is still captured are partial: they reduce what is kept of the order's total."""
    captured = Payment.objects.filter(order=OuterRef("pk"), status__in=CAPTURED_ONCE)
    refunded = Refund.objects.filter(payment__order=OuterRef("pk"), status=RefundStatus.DONE)
    in_part = refunded.filter(payment__status=PaymentStatus.CAPTURED)
    orders = orders.annotate(
        kept=_sum(captured, "order") - _sum(refunded, "payment__order"), in_part=_sum(in_part, "payment__order")
    )
    is_wrong = (Q(status__in=PAID_FOR) & ~Q(kept=F("total") - F("in_part"))) | (~Q(status__in=PAID_FOR) & ~Q(kept=0))
    for order in orders.filter(is_wrong & ~_has_refund_message("number")).order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is {order.status}, its total is {order.total}, but the shop holds {order.kept}."


@invariant("no order is paid twice", over=ORDERS)
def paid_once(orders: QuerySet[Order]) -> Iterator[str]:
    captured = Payment.objects.filter(order__in=orders, status=PaymentStatus.CAPTURED).order_by()
    numbers = captured.filter(~_has_refund_message("order__number")).values_list("order__number")
    for number, count in numbers.annotate(count=Count("pk")).filter(count__gt=1)[:MAX_REPORTED]:
        yield f"Order {number} has {count} captured payments."


@invariant("no payment is charged twice", over=CHARGES)
def charged_once(charges: QuerySet[GatewayCharge]) -> Iterator[str]:
    """The gateway's unique key prevents it, unless a payment was sent under two spellings of its ID.

    The unique index finds each spelling.
    """
    key = OuterRef("idempotency_key")
    short = Replace(key, Value("-"), Value(""))
    spellings = [spelling for each in (key, short) for spelling in (Lower(each), Upper(each))]
    others = GatewayCharge.objects.filter(idempotency_key__in=spellings).exclude(pk=OuterRef("pk"))
    for charge in charges.filter(Exists(others)).order_by("pk")[:MAX_REPORTED]:
        yield f"Payment {charge.idempotency_key.replace('-', '').lower()} has several charges at the gateway."


@invariant("no charge is recorded twice", over=ORDERS)
def recorded_once(orders: QuerySet[Order]) -> Iterator[str]:
    captured = Payment.objects.filter(status__in=CAPTURED_ONCE)
    others = captured.filter(gateway_reference=OuterRef("gateway_reference")).exclude(pk=OuterRef("pk"))
    for payment in captured.filter(Exists(others), order__in=orders).order_by("pk")[:MAX_REPORTED]:
        yield f"Payment {payment.pk} records the charge {payment.gateway_reference}, which another payment records too."


@invariant("captured payments agree with the gateway's record", over=ORDERS)
def captures_agree(orders: QuerySet[Order]) -> Iterator[str]:
    if settings.PAYMENT_GATEWAY != "simulated":
        return
    charges = GatewayCharge.objects.filter(
        reference=OuterRef("gateway_reference"), amount=OuterRef("amount"), currency=OuterRef("currency")
    )
    captured = Payment.objects.filter(order__in=orders, status__in=CAPTURED_ONCE)
    for payment in captured.filter(~Exists(charges)).select_related("order")[:MAX_REPORTED]:
        yield f"Payment {payment.pk} ({payment.order.number}) is {payment.status}, but the gateway has no such charge."


@invariant("the gateway's charges are recorded", over=CHARGES)
def charges_are_recorded(charges: QuerySet[GatewayCharge]) -> Iterator[str]:
    captured = Payment.objects.filter(status__in=CAPTURED_ONCE)
    unknown = charges.filter(~_recorded(captured), is_captured=True)
    for charge in _unexplained(unknown, Payment.objects.values_list("pk", "order__number"), ChargePayment):
        yield f"The gateway charged {charge.amount} {charge.currency} ({charge.reference}), but no payment records it."


@invariant("refunds agree with the gateway's record", over=ORDERS)
def refunds_agree(orders: QuerySet[Order]) -> Iterator[str]:
    if settings.PAYMENT_GATEWAY != "simulated":
        return
    made = GatewayRefund.objects.filter(reference=OuterRef("gateway_reference"), amount=OuterRef("amount"))
    done = Refund.objects.filter(payment__order__in=orders, status=RefundStatus.DONE)
    for refund in done.filter(~Exists(made))[:MAX_REPORTED]:
        yield f"Refund {refund.pk} is done, but the gateway has no such refund."


@invariant("the gateway's refunds are recorded", over=GATEWAY_REFUNDS)
def refunds_are_recorded(refunds: QuerySet[GatewayRefund]) -> Iterator[str]:
    unknown = refunds.filter(~_recorded(Refund.objects.filter(status=RefundStatus.DONE)))
    for made in _unexplained(unknown, Refund.objects.values_list("pk", "payment__order__number"), RefundPayment):
        yield f"The gateway refunded {made.amount} ({made.reference}), but no refund is recorded as done."


@invariant("every pending refund has a message that will complete it", over=ORDERS)
def pending_refunds_have_a_message(orders: QuerySet[Order]) -> Iterator[str]:
    owed = Refund.objects.filter(payment__order__in=orders, status=RefundStatus.PENDING)
    pending = owed.exclude(_has_refund_message("payment__order__number"))
    for refund in pending.select_related("payment__order")[:MAX_REPORTED]:
        number = refund.payment.order.number
        yield f"Order {number} is owed a refund of {refund.amount}, and no live or dead message will make it."


def _sum(rows: QuerySet[Payment] | QuerySet[Refund], group: str) -> Coalesce:
    total = rows.order_by().values(group).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total), Value(0), output_field=IntegerField())


def _recorded(rows: QuerySet[Payment] | QuerySet[Refund]) -> Exists:
    return Exists(rows.filter(gateway_reference=OuterRef("reference")))


def _has_refund_message(number: str) -> IsNull:
    return Message.objects.unsettled().exist_about(number, task=RefundPayment.task)


def _unexplained(
    unknown: QuerySet[Any], numbers: QuerySet[Any, Any], payload: type[ChargePayment] | type[RefundPayment]
) -> list[Any]:
    """Unknown records of the gateway that no unsettled message explains. `numbers`: IDs with their order's number.

    Messages are found by their subject, which is indexed. What is unknown is read again afterwards: a message that was
    settled meanwhile has recorded it.
    """
    keys = {record.pk: record.idempotency_key for record in unknown.order_by("pk")[:_LOOKED_AT]}
    subjects = {str(id_): number for id_, number in numbers.filter(pk__in=list(filter(_is_uuid, keys.values())))}
    unsettled = Message.objects.unsettled().filter(task=payload.task, subject__in=set(subjects.values()))
    explained = set(unsettled.values_list("subject", flat=True))
    left = [pk for pk, key in keys.items() if subjects.get(key.lower()) not in explained]
    return list(unknown.filter(pk__in=left).order_by("pk")[:MAX_REPORTED]) if left else []


def _is_uuid(key: str) -> bool:
    try:
        return str(uuid.UUID(key)) == key.lower()
    except ValueError:
        return False
