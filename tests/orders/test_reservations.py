"""Expiring reservations: unpaid orders release their stock, unless they are paid at the last moment."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import scheduler
from messaging.invariants import audit
from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from orders import selectors, services
from orders.models import Order, Status
from payments.models import GatewayCharge, PaymentStatus
from payments.services import record_decline
from shop.checkout.services import LineWanted
from shop.models import Product
from shop.order_pages.services import pay_again
from tests.clocks import travel
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import ProductFactory, place
from tests.query_plans import fill, without_indexes
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LOOK, CANCEL = "orders.expire_reservations", "orders.cancel_unpaid"


def stuck() -> Order:
    """An order whose charge is dead."""
    order = place(payment_method="pm_bug")
    deliver_due()
    return order


def later(settings: Any, *, by: float = 1) -> Any:
    """The time at which the payment deadline of an order placed now has passed."""
    return travel(timezone.now() + timedelta(seconds=settings.CONVEYOR_RESERVATION_SECONDS + by))


def expire() -> None:
    scheduler.tick(LOOK)
    deliver_due(limit=1000)


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def test_an_order_with_a_dead_charge_releases_its_stock_and_the_customer_is_notified(settings: Any):
    order = stuck()
    product = Product.objects.get()
    assert product.stock == 98
    mail.outbox.clear()
    with later(settings):
        expire()
    product.refresh_from_db()
    assert (status(order), product.stock) == (Status.CANCELLED, 100)
    assert order.events.get(kind="cancelled").data == {"reason": "unpaid"}
    [email] = mail.outbox
    assert "was not paid in time" in str(email.body)
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert not GatewayCharge.objects.exists()
    assert audit() == []


def test_an_unconfirmed_order_whose_cancellation_was_discarded_releases_its_stock(settings: Any):
    order = place(payment_method="pm_3ds")
    deliver(claim_task(task="payments.charge_payment"))
    assert status(order) == Status.ACTION_REQUIRED
    Message.objects.filter(task=CANCEL).update(state=State.DISCARDED, finished_at=timezone.now())
    with travel(timezone.now() + timedelta(seconds=settings.CONVEYOR_ACTION_SECONDS - 60)):
        assert not selectors.has_expired_reservations()
    with travel(timezone.now() + timedelta(seconds=settings.CONVEYOR_ACTION_SECONDS + 1)):
        expire()
    assert (status(order), Product.objects.get().stock) == (Status.CANCELLED, 100)


def test_nothing_is_enqueued_before_the_deadline(settings: Any):
    order = stuck()
    with later(settings, by=-60):
        assert scheduler.tick(LOOK) is None
    assert status(order) == Status.PLACED


def test_money_reserved_by_a_dead_charge_is_released(settings: Any):
    settings.PAYMENT_RECONCILE_DAYS = 0
    order = place(payment_method="pm_lost_reply")
    charge = claim_task(task="payments.charge_payment")
    deliver(charge)
    Message.objects.filter(pk=charge.pk).update(state=State.DEAD)
    assert GatewayCharge.objects.count() == 1
    with later(settings):
        expire()
    assert status(order) == Status.CANCELLED
    assert GatewayCharge.objects.get().state == GatewayCharge.State.VOIDED
    assert audit() == []


def test_an_operators_later_retry_of_the_charge_captures_no_money(settings: Any):
    order = stuck()
    with later(settings):
        expire()
        retry(ids=[Message.objects.dead().get().pk], actor=Actor.system("ann"))
        deliver_due()
    assert not GatewayCharge.objects.exists()
    assert status(order) == Status.CANCELLED
    assert not Message.objects.dead().exists()


def test_paying_again_restarts_the_period(settings: Any):
    order = place(payment_method="pm_card_declined")
    deliver_due()
    Message.objects.filter(task=CANCEL).delete()
    with later(settings, by=-60):
        pay_again(order=order, payment_method="pm_bug")
        deliver_due()
    with later(settings):
        assert scheduler.tick(LOOK) is None
    with later(settings, by=settings.CONVEYOR_RESERVATION_SECONDS):
        expire()
    assert status(order) == Status.CANCELLED


def test_an_order_paid_again_just_before_its_cancellation_is_kept(settings: Any):
    order = stuck()
    with later(settings):
        services.expire_reservations(now=timezone.now())
        cancellation = Message.objects.get(task=CANCEL)
        record_decline(payment=order.payments.get(), code="card_declined")
        pay_again(order=order, payment_method="pm_bug")
        assert deliver(claim_task(task=CANCEL, pk=cancellation.pk)) == State.DONE
    assert status(order) == Status.PLACED


def test_an_order_paid_since_it_was_found_is_kept(settings: Any):
    order = stuck()
    with later(settings):
        services.expire_reservations(now=timezone.now())
        services.mark_paid(order=order)
        assert deliver(claim_task(task=CANCEL)) == State.DONE
    assert status(order) == Status.PAID


def test_a_pending_or_dead_cancellation_is_not_enqueued_twice(settings: Any):
    stuck()
    with later(settings):
        assert services.expire_reservations(now=timezone.now()) == 1
        assert services.expire_reservations(now=timezone.now()) == 0
        Message.objects.filter(task=CANCEL).update(state=State.DEAD)
        assert not selectors.has_expired_reservations()


def test_many_are_cancelled_in_bounded_batches_oldest_first(settings: Any):
    sku = ProductFactory.create().sku
    orders = [place(lines=[LineWanted(sku, 1)]) for _ in range(5)]
    with later(settings):
        with CaptureQueriesContext(connection) as captured:
            assert services.expire_reservations(now=timezone.now(), limit=3) == 3
        subjects = set(Message.objects.filter(task=CANCEL).values_list("subject", flat=True))
        assert subjects == {order.number for order in orders[:3]}
        assert services.expire_reservations(now=timezone.now(), limit=3) == 2
    assert len(captured) < 12


def test_one_run_enqueues_more_than_a_batch(settings: Any, monkeypatch: pytest.MonkeyPatch):
    sku = ProductFactory.create().sku
    orders = [place(lines=[LineWanted(sku, 1)]) for _ in range(5)]
    Message.objects.update(state=State.DISCARDED)
    monkeypatch.setattr(services, "expire_reservations", partial(services.expire_reservations, limit=2))
    with later(settings):
        tick = scheduler.tick(LOOK)
        assert tick is not None
        assert deliver(claim_task(task=LOOK)) == State.DONE
    assert Message.objects.filter(task=CANCEL).count() == len(orders)
    assert not Message.objects.live().filter(task=LOOK).exists()


def test_the_query_uses_the_status_index():
    place()
    earlier = timezone.now() - timedelta(minutes=30)
    fill([Order(status=Status.DELIVERED, placed_at=earlier, subtotal=0, total=0) for _ in range(2000)])
    with without_indexes("orders_newest"):
        plan = selectors.expired_reservations(now=timezone.now()).explain()
    assert "orders_by_status" in plan


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_declined"])
def test_a_charge_concurrent_with_the_cancellation_leaves_a_consistent_order(method: str, settings: Any):
    """Either the order is paid and kept, or it is cancelled and the money refunded. With real threads."""
    settings.CONVEYOR_RESERVATION_SECONDS = 0
    orders = [place(payment_method=method, city="Bern") for _ in range(8)]
    charges = [claim_task(task="payments.charge_payment", subject=order.number) for order in orders]
    services.expire_reservations(now=timezone.now())
    cancels = [claim_task(task=CANCEL, subject=order.number) for order in orders]
    for charge, cancel in zip(charges, cancels, strict=True):
        at_once(partial(deliver, charge), partial(deliver, cancel))
        assert audit() == []
    deliver_due(limit=1000)
    assert audit() == []
    assert not Message.objects.dead().exists()
    ends = {Status.CANCELLED, Status.REFUNDED, Status.PAYMENT_FAILED, Status.SHIPPED, Status.DELIVERED}
    assert set(Order.objects.values_list("status", flat=True)) <= ends
