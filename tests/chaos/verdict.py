"""Verdict on orders that met a fault: what is lost, what is there twice, what it has cost."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from messaging.models import Attempt, Message, State
from orders.models import EmailDelivery, Order, OrderEvent
from payments.models import GatewayCharge, GatewayRefund, Payment
from shipping.models import CarrierParcel, Shipment
from shop.models import CreditNote, Invoice
from tests.stack import Stack

ENDED = ("delivered", "cancelled", "refunded")
EMAILED = ("paid", "payment_failed", "shipped", "cancelled", "refunded")
#: Number of orders whose invoice is asked for.
INVOICED = 3
_MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)
#: Waits for the end of a deadline that these orders have met.
_DEADLINE = "orders.cancel_unpaid"
#: Decision 10: an e-mail whose sending broke off is not sent again without an operator.
_UNKNOWN = "EmailOutcomeUnknown"
Facts = Counter[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`lost` and `doubled` name an order and what of it, `attempts` tasks and why an attempt of theirs was spent.

    `undecided` counts e-mails that wait for an operator.
    """

    lost: list[str]
    doubled: list[str]
    dead: list[str]
    broken: list[str]
    attempts: list[str]
    undecided: int


def ended(stack: Stack, numbers: Sequence[str]) -> bool:
    """Whether every order is in a final state and no message of theirs is live."""
    with stack.db() as alias:
        live = Message.objects.using(alias).live().filter(subject__in=numbers).exclude(task=_DEADLINE)
        open_orders = Order.objects.using(alias).filter(number__in=numbers).exclude(status__in=ENDED)
        return not live.exists() and not open_orders.exists()


def judge(stack: Stack, numbers: Sequence[str], *, spending: Iterable[str]) -> Verdict:
    """`spending` are the orders that spend attempts by their own script."""
    with stack.db() as alias:
        _ask_for_invoices(stack, alias, numbers)
        messages = Message.objects.using(alias).filter(subject__in=numbers)
        dead = list(messages.filter(state=State.DEAD))
        undecided = [str(message.pk) for message in dead if message.error_type.endswith(_UNKNOWN)]
        expected, found = Counter(_expected(alias, numbers)), Counter(_found(stack, alias, numbers))
        emails = _emails(stack, alias, numbers, excused=undecided)
        counted = messages.exclude(subject__in=spending).exclude(pk__in=undecided)
        spent = Attempt.objects.using(alias).filter(message__in=counted)
        attempts = [f"{one.message.task} {one.error_type}" for one in spent.select_related("message")]
    expected.update(dict.fromkeys(emails, 1))
    found.update(emails)
    return Verdict(
        lost=sorted(f"{number} {name}" for number, name in (expected - found)),
        doubled=sorted(f"{number} {name}" for number, name in (found - expected)),
        dead=[f"{m.subject} {m.task}: {m.error_type}" for m in dead if str(m.pk) not in undecided],
        broken=[f"{one['invariant']}: {one['detail']}" for one in stack.audit() if _UNKNOWN not in one["detail"]],
        attempts=attempts,
        undecided=len(undecided),
    )


def _ask_for_invoices(stack: Stack, alias: str, numbers: Sequence[str]) -> None:
    """Twice each for some orders: its file is made when it is first asked for, which takes long."""
    for order in Order.objects.using(alias).filter(number__in=numbers[:INVOICED]):
        for _ in range(2):
            stack.api("GET", f"/orders/{order.public_id}/invoice.pdf")


def _expected(alias: str, numbers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is there once for an order of this state."""
    for number, status in Order.objects.using(alias).filter(number__in=numbers).values_list("number", "status"):
        if status != "cancelled":
            yield from ((number, name) for name in ("charge", "capture", "invoice"))
        if status == "refunded":
            yield from ((number, name) for name in ("refund", "credit note"))
        if status == "delivered":
            yield from ((number, name) for name in ("shipment", "parcel"))


def _found(stack: Stack, alias: str, numbers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is there, in the records of the shop, of the gateway and of the carriers."""
    payments = Payment.objects.using(alias).filter(order__number__in=numbers).select_related("order")
    of = {str(payment.pk): payment.order.number for payment in payments}
    charges = GatewayCharge.objects.using(alias).filter(idempotency_key__in=of, is_captured=True)
    refunds = GatewayRefund.objects.using(alias).filter(charge__idempotency_key__in=of).select_related("charge")
    delivered = Order.objects.using(alias).filter(number__in=numbers, status="delivered").values_list("number")
    yield from ((payment.order.number, "capture") for payment in payments if payment.captured_at)
    yield from ((of[charge.idempotency_key], "charge") for charge in charges)
    yield from ((of[refund.charge.idempotency_key], "refund") for refund in refunds)
    for invoice in Invoice.objects.using(alias).filter(order__number__in=numbers).select_related("order"):
        yield invoice.order.number, "invoice"
    for note in CreditNote.objects.using(alias).filter(order__number__in=numbers).select_related("order"):
        yield note.order.number, "credit note"
    for shipment in Shipment.objects.using(alias).filter(order__number__in=delivered).select_related("order"):
        yield shipment.order.number, "shipment"
    for parcel in CarrierParcel.objects.using(alias).filter(idempotency_key__in=delivered):
        yield parcel.idempotency_key, "parcel"


def _emails(stack: Stack, alias: str, numbers: Sequence[str], *, excused: Iterable[str]) -> Facts:
    """How often the e-mail of each kind that an order is due was sent, by what the mail server has."""
    sent: Counter[str] = Counter()
    for path in (stack.folder / "mail").glob("*"):
        sent.update(found.decode() for found in _MESSAGE_ID.findall(path.read_bytes()))
    counts: Facts = Counter()
    events = OrderEvent.objects.using(alias).filter(order__number__in=numbers, kind__in=EMAILED)
    for number, kind in events.values_list("order__number", "kind"):
        counts[number, f"e-mail {kind}"] = 0
    deliveries = EmailDelivery.objects.using(alias).filter(order__number__in=numbers)
    for id_, number, kind in deliveries.values_list("pk", "order__number", "kind"):
        counts[number, f"e-mail {kind}"] += 1 if str(id_) in excused else sent[str(id_)]
    return counts
