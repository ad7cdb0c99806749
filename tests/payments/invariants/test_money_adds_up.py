"""The invariant of an order's money, beside its definition in plain Python, over everything that may be recorded."""

import random
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import Order, Status
from payments.invariants import money
from payments.models import (
    AWAITED,
    OPEN,
    RETURNED,
    SETTLED,
    UNDECIDED,
    WRITTEN_OFF,
    Dispute,
    DisputeStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)  # fmt: skip
from tests.factories import place

pytestmark = pytest.mark.django_db
ORDERS = 400


def orders_with_anything(chance: random.Random) -> list[Order]:
    """Orders, payments, refunds and disputes of any status. Amounts are small, so that sums are often equal."""
    first = place()
    values = Order.objects.values().get(pk=first.pk)
    for at in range(ORDERS):
        total = chance.choice((2, 3))
        row: dict[str, Any] = {"id": None, "number": f"CV-{at}", "public_id": f"public-{at}", "idempotency_key": None}
        row |= {"total": total, "subtotal": total, "shipping_price": 0, "status": chance.choice(Status.values)}
        Order(**values | {name: value for name, value in row.items() if name in values}).save()
    orders = list(Order.objects.exclude(pk=first.pk).order_by("pk"))
    statuses = [status for status in PaymentStatus.values if status not in AWAITED]
    payments, refunds, disputes = [], [], []
    for order in orders:
        for _ in range(chance.randint(0, 2)):
            amount = chance.choice((1, 2, 3))
            paid = Payment(order=order, method="x", amount=amount, currency="EUR", status=chance.choice(statuses))
            paid.failure_code = chance.choice(("card_declined", WRITTEN_OFF))
            payments.append(paid)
            for _ in range(chance.randint(0, 2)):
                status = chance.choice(RefundStatus.values)
                refunds.append(Refund(payment=paid, amount=chance.choice((1, 2)), status=status))
            if chance.random() < 0.25:
                status = chance.choice(DisputeStatus.values)
                closed = {} if status in UNDECIDED else {"closed_at": timezone.now()}
                dispute: dict[str, Any] = {
                    "gateway_id": str(uuid.uuid4()),
                    "amount": 1,
                    "currency": "EUR",
                }
                disputes.append(
                    Dispute(payment=paid, is_inquiry=chance.random() < 0.3, status=status, **dispute, **closed)
                )
    Payment.objects.bulk_create(payments)
    Refund.objects.bulk_create(refunds)
    Dispute.objects.bulk_create(disputes)
    return orders


def is_wrong(order: Order) -> bool:
    payments = list(order.payments.all())
    refunds = [refund for payment in payments for refund in payment.refunds.all()]
    disputes = [dispute for payment in payments for dispute in payment.disputes.all()]
    if any(dispute.status in UNDECIDED and not dispute.is_inquiry for dispute in disputes):
        return False
    reserved = sum(each.amount for each in payments if each.status == PaymentStatus.AUTHORISED)
    returned = [each for each in refunds if each.status in RETURNED]
    owed = sum(each.amount for each in refunds if each.status in OPEN)
    lost = sum(each.amount for each in disputes if each.status == DisputeStatus.LOST)
    kept = sum(each.amount for each in payments if each.status in SETTLED)
    kept -= sum(each.amount for each in returned) + lost
    in_part = sum(each.amount for each in returned if each.payment.status == PaymentStatus.CAPTURED) + lost
    written_off = sum(each.amount for each in payments if each.is_written_off)
    if order.status in money.PAID_FOR:
        return owed == 0 and kept != order.total - in_part - reserved - written_off
    return kept != owed or reserved != 0


@pytest.mark.parametrize("seed", range(2))
def test_it_reports_exactly_the_orders_whose_money_does_not_add_up(seed, monkeypatch):
    monkeypatch.setattr(money, "MAX_REPORTED", ORDERS)
    orders = orders_with_anything(random.Random(seed))
    wrong = [order.number for order in orders if is_wrong(order)]
    assert ORDERS / 4 < len(wrong) < ORDERS
    reported = money.money_adds_up(Order.objects.filter(pk__in=[order.pk for order in orders]))
    assert [detail.split()[1] for detail in reported] == wrong


def test_an_order_is_compared_by_few_sums():
    """Each is a subquery of its own for each order."""
    with CaptureQueriesContext(connection) as captured:
        list(money.money_adds_up(Order.objects.all()))
    condition = captured[0]["sql"].split("WHERE (NOT EXISTS", 1)[1]
    assert condition.count("SUM(") <= 8
