"""Payments that the bank settles later, such as SEPA direct debits: captured without an authorisation."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from messaging import clock
from messaging.models import Message, State
from orders.models import Order, Status
from payments.models import GatewayCharge, GatewayRefund, PaymentStatus
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due, run_periodic
from tests.factories import place
from tests.payments.outcomes import CAPTURE, CHARGE, COMPARE, VOID, is_sound, status

pytestmark = pytest.mark.django_db(transaction=True)


def processing() -> Order:
    order = place(payment_method="pm_sepa")
    deliver(claim_task(task=CHARGE))
    assert status(order) == Status.PROCESSING
    return order


def test_the_bank_settles_it_later_and_the_order_ships_then(settings: Any):
    order = processing()
    assert order.payments.get().status == PaymentStatus.PROCESSING
    make_due(task=COMPARE)
    deliver_due()
    assert status(order) == Status.PROCESSING
    assert is_sound()
    settings.CONVEYOR_SETTLE_SECONDS = 0
    make_due(task=COMPARE)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert not Message.objects.filter(task=CAPTURE).exists()
    assert is_sound()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has this host's clock")
@pytest.mark.parametrize("hours", [-1, 1])
def test_the_bank_is_asked_again_by_the_clock_of_the_database(hours: int):
    """Neither the web host that took the order nor the worker decides how old the payment is."""
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        place(payment_method="pm_sepa")
    with time_machine.travel(timezone.now() - timedelta(hours=hours)):
        deliver(claim_task(task=CHARGE))
    again = Message.objects.get(task=COMPARE)
    assert again.available_at - clock.now() < timedelta(seconds=20)


def test_it_never_expires():
    order = processing()
    Order.objects.update(placed_at=order.placed_at - timedelta(days=365))
    run_periodic("orders.expire_reservations")
    deliver_due()
    assert status(order) == Status.PROCESSING


def test_a_cancelled_order_gets_back_what_the_bank_settles_all_the_same(settings: Any):
    order = processing()
    cancel(order=order)
    assert is_sound()
    deliver_due()
    void = Message.objects.get(task=VOID, state=State.PENDING)
    assert void.available_at is not None
    assert is_sound()
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert GatewayRefund.objects.get().amount == order.total
    assert GatewayCharge.objects.get().is_captured
    assert is_sound()


def test_a_bank_that_refuses_it_fails_the_payment():
    order = processing()
    GatewayCharge.objects.update(state=GatewayCharge.State.DECLINED)
    make_due(task=COMPARE)
    deliver_due()
    assert status(order) == Status.PAYMENT_FAILED
    assert is_sound()
