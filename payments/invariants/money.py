"""Invariants of captured and refunded money.

Each check ends with one statement, so it sees a consistent state even while workers run. A difference is explained
while an unsettled message will still resolve it.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower, Replace, Upper

from messaging.invariants import Feed, Scope, invariant
from messaging.models import Message
from messaging.payloads import Payload
from orders.invariants import ORDERS
from orders.models import Order, Status
from payments.amounts import totals
from payments.gateways import is_simulated
from payments.models import (
    OPEN,
    PAYING,
    RETURNED,
    SETTLED,
    WRITTEN_OFF,
    Dispute,
    GatewayCharge,
    GatewayRefund,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from payments.payloads import (
    CapturePayment,
    ChargePayment,
    CompareDispute,
    ComparePayment,
    RefundPayment,
    VoidPayment,
)

MAX_REPORTED = 50
LOOKED_AT = 10_000
#: Broken while an operator has something to decide.
REFUNDS_HAVE_A_MESSAGE = "every pending refund has a message that will complete it"
NO_FAILED_REFUNDS = "every refund that failed has been repeated or settled"
REFUNDED_ONCE = "no refund is made twice"
PAID_FOR = (Status.PAID, Status.SHIPPED, Status.DELIVERED)
CHARGES = Scope("gateway charges", GatewayCharge.objects.all(), (Feed(GatewayCharge.objects.all()),))
GATEWAY_REFUNDS = Scope("gateway refunds", GatewayRefund.objects.all(), (Feed(GatewayRefund.objects.all()),))


@invariant("an order's money, reserved or captured, less refunds is its total, or nothing", over=ORDERS)
def money_adds_up(orders: QuerySet[Order]) -> Iterator[str]:
    """Money that is only reserved pays for an order as well. What an order without goods holds is what it owes back.

    Refunds of a payment that is still captured are partial: they reduce what is kept of the order's total. One with
    goods may owe back anything while refunds are open. Lost disputes reduce what is kept, too; until the bank decides
    one, nobody knows, nor while one is compared with the gateway's. What an operator has written off counts as paid.
    """
    payments = Payment.objects.filter(order=OuterRef("pk"))
    captured, authorised = payments.filter(status__in=SETTLED), payments.filter(status=PaymentStatus.AUTHORISED)
    given_up = Q(status=PaymentStatus.FAILED, failure_code=WRITTEN_OFF)
    refunds = Refund.objects.filter(payment__order=OuterRef("pk"))
    returned, owed = refunds.filter(status__in=RETURNED), refunds.filter(status__in=OPEN)
    disputes = Dispute.objects.filter(payment__order=OuterRef("pk"))
    lost = totals(disputes.lost(), per="payment__order")
    # Each sum is a subquery for each order: what is subtracted from both sides is left out, and what can be is one sum.
    paid = totals(payments.filter(Q(status__in=(*SETTLED, PaymentStatus.AUTHORISED)) | given_up), per="order")
    not_in_part = totals(returned.exclude(payment__status=PaymentStatus.CAPTURED), per="payment__order")
    gone = totals(refunds.filter(status__in=(*RETURNED, *OPEN)), per="payment__order") + lost
    has_goods = Q(status__in=PAID_FOR)
    is_wrong = (has_goods & Q(owed=0) & ~Q(total=paid - not_in_part)) | (~has_goods & ~Q(captured=gone, reserved=0))
    orders = orders.filter(~Exists(disputes.contested())).annotate(
        reserved=totals(authorised, per="order"),
        captured=totals(captured, per="order"),
        owed=totals(owed, per="payment__order"),
    )
    kept = F("captured") - totals(returned, per="payment__order") - lost
    for order in _without_comparisons(orders.filter(is_wrong).annotate(kept=kept), number="number"):
        yield (
            f"Order {order.number} is {order.status}, its total is {order.total}, but the shop holds "
            f"{order.kept}, has {order.reserved} reserved, and owes {order.owed} back."
        )


@invariant("no order is paid twice", over=ORDERS)
def paid_once(orders: QuerySet[Order]) -> Iterator[str]:
    owed = Refund.objects.filter(payment__order=OuterRef("order"), status__in=OPEN)
    captured = Payment.objects.filter(~Exists(owed), order__in=orders, status__in=PAYING).order_by()
    numbers = captured.values_list("order__number")
    for number, count in numbers.annotate(count=Count("pk")).filter(count__gt=1)[:MAX_REPORTED]:
        yield f"Order {number} is paid by {count} payments."


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
    captured = Payment.objects.filter(status__in=SETTLED)
    others = captured.filter(gateway_reference=OuterRef("gateway_reference")).exclude(pk=OuterRef("pk"))
    for payment in captured.filter(Exists(others), order__in=orders).order_by("pk")[:MAX_REPORTED]:
        yield f"Payment {payment.pk} records the charge {payment.gateway_reference}, which another payment records too."


@invariant("captured payments agree with the gateway's record", over=ORDERS)
def captures_agree(orders: QuerySet[Order]) -> Iterator[str]:
    if not is_simulated():
        return
    charges = GatewayCharge.objects.filter(
        is_captured=True,
        reference=OuterRef("gateway_reference"),
        amount=OuterRef("amount"),
        currency=OuterRef("currency"),
    )
    captured = Payment.objects.filter(order__in=orders, status__in=SETTLED)
    for payment in captured.filter(~Exists(charges)).select_related("order")[:MAX_REPORTED]:
        yield f"Payment {payment.pk} ({payment.order.number}) is {payment.status}, but the gateway has no such charge."


@invariant("the gateway's charges are recorded", over=CHARGES)
def charges_are_recorded(charges: QuerySet[GatewayCharge]) -> Iterator[str]:
    captured = Payment.objects.filter(status__in=SETTLED)
    unknown = charges.filter(~recorded(captured), is_captured=True)
    keys = dict(unknown.order_by("pk").values_list("pk", "idempotency_key")[:LOOKED_AT])
    for charge in unexplained(unknown, keys, (ChargePayment, CapturePayment, VoidPayment, ComparePayment)):
        yield f"The gateway charged {charge.amount} {charge.currency} ({charge.reference}), but no payment records it."


@invariant("refunds agree with the gateway's record", over=ORDERS)
def refunds_agree(orders: QuerySet[Order]) -> Iterator[str]:
    """A comparison that is under way may still record that a refund which was done has failed."""
    if not is_simulated():
        return
    made = GatewayRefund.objects.filter(reference=OuterRef("gateway_reference"), amount=OuterRef("amount"))
    made = made.exclude(status=GatewayRefund.Status.FAILED)
    is_compared = Message.objects.unsettled().exist_about("payment__order__number", task=ComparePayment.task)
    done = Refund.objects.filter(~is_compared, payment__order__in=orders, status=RefundStatus.DONE)
    for refund in done.filter(~Exists(made))[:MAX_REPORTED]:
        yield f"Refund {refund.pk} is done, but the gateway has no such refund."


@invariant("the gateway's refunds are recorded", over=GATEWAY_REFUNDS)
def refunds_are_recorded(refunds: QuerySet[GatewayRefund]) -> Iterator[str]:
    """A pending one is recorded, too; failed ones need not be."""
    is_known = recorded(Refund.objects.filter(status__in=(RefundStatus.PENDING, RefundStatus.DONE)))
    unknown = refunds.filter(~is_known).exclude(status=GatewayRefund.Status.FAILED).select_related("charge")
    keys = {made.pk: made.charge.idempotency_key for made in unknown.order_by("pk")[:LOOKED_AT]}
    for made in unexplained(unknown, keys, (RefundPayment, ComparePayment)):
        yield f"The gateway refunded {made.amount} ({made.reference}), but no refund records it."


@invariant(REFUNDED_ONCE, over=ORDERS)
def refunded_once(orders: QuerySet[Order]) -> Iterator[str]:
    twice = Refund.objects.filter(payment__order__in=orders, duplicates__isnull=False, status__in=RETURNED)
    for refund in twice.filter(duplicates__status__in=RETURNED).select_related("payment__order")[:MAX_REPORTED]:
        number, reference = refund.payment.order.number, refund.gateway_reference
        yield f"Order {number}: the gateway refunded {refund.amount} ({reference}), which was refunded already."


@invariant("no payment is refunded beyond what was captured", over=ORDERS)
def refunds_fit(orders: QuerySet[Order]) -> Iterator[str]:
    refunds = Refund.objects.filter(payment=OuterRef("pk")).exclude(status=RefundStatus.CANCELLED)
    lost = Dispute.objects.filter(payment=OuterRef("pk")).lost()
    gone = totals(refunds, per="payment") + totals(lost, per="payment")
    payments = Payment.objects.filter(order__in=orders).annotate(gone=gone)
    beyond = payments.filter(gone__gt=F("amount")).select_related("order")
    for payment in _without_comparisons(beyond, number="order__number"):
        number, amount = payment.order.number, payment.amount
        yield f"Order {number} paid {amount}; refunds and lost disputes of {payment.gone} are recorded."


@invariant(REFUNDS_HAVE_A_MESSAGE, over=ORDERS)
def pending_refunds_have_a_message(orders: QuerySet[Order]) -> Iterator[str]:
    """Pending refunds are few, so their messages are looked at one by one: an order may have several.

    What has no message is read again afterwards: a message that was settled meanwhile has changed it.
    """
    pending = Refund.objects.filter(payment__order__in=orders, status=RefundStatus.PENDING)
    numbers = dict(pending.values_list("pk", "payment__order__number")[:LOOKED_AT])
    live = Message.objects.live().filter(task=RefundPayment.task, subject__in=set(numbers.values()))
    moving = {payload.get("refund_id") for payload in live.values_list("payload", flat=True)}
    stuck = [pk for pk in numbers if str(pk) not in moving]
    for refund in pending.filter(pk__in=stuck).select_related("payment__order")[:MAX_REPORTED] if stuck else ():
        number = refund.payment.order.number
        yield f"Order {number} is owed a refund of {refund.amount}, and no live message will make it."


@invariant(NO_FAILED_REFUNDS, over=ORDERS)
def failed_refunds_are_decided(orders: QuerySet[Order]) -> Iterator[str]:
    failed = Refund.objects.filter(payment__order__in=orders, status=RefundStatus.FAILED)
    for refund in failed.select_related("payment__order")[:MAX_REPORTED]:
        number, code = refund.payment.order.number, refund.failure_code or "no reason given"
        yield f"Order {number} is owed a refund of {refund.amount}, which failed ({code})."


def recorded(rows: QuerySet[Payment] | QuerySet[Refund]) -> Exists:
    return Exists(rows.filter(gateway_reference=OuterRef("reference")))


def unexplained(unknown: QuerySet[Any], keys: Mapping[Any, str], payloads: Iterable[type[Payload]]) -> list[Any]:
    """Unknown records of the gateway that no unsettled message explains. `keys`: the payment's ID by record.

    Messages are found by their subject, which is indexed. What is unknown is read again afterwards: a message that was
    settled meanwhile has recorded it.
    """
    payments = Payment.objects.filter(pk__in=list(filter(_is_uuid, keys.values())))
    subjects = {str(id_): number for id_, number in payments.values_list("pk", "order__number")}
    tasks = [payload.task for payload in payloads]
    unsettled = Message.objects.unsettled().filter(task__in=tasks, subject__in=set(subjects.values()))
    explained = set(unsettled.values_list("subject", flat=True))
    left = [pk for pk, key in keys.items() if subjects.get(key.lower()) not in explained]
    return list(unknown.filter(pk__in=left).order_by("pk")[:MAX_REPORTED]) if left else []


def _without_comparisons(wrong: QuerySet[Any], *, number: str) -> list[Any]:
    """Leaves out orders with a dispute that is being compared: the bank may have reversed its decision.

    `number`: the path to the order's number. What is wrong is read again afterwards, as in `unexplained`.
    """
    numbers = dict(wrong.values_list("pk", number).order_by("pk")[:LOOKED_AT])
    if not numbers:
        return []
    unsettled = Message.objects.unsettled().filter(task=CompareDispute.task, subject__in=set(numbers.values()))
    compared = set(unsettled.values_list("subject", flat=True))
    left = [pk for pk, each in numbers.items() if each not in compared]
    return list(wrong.filter(pk__in=left).order_by("pk")[:MAX_REPORTED]) if left else []


def _is_uuid(key: str) -> bool:
    try:
        return str(uuid.UUID(key)) == key.lower()
    except ValueError:
        return False
