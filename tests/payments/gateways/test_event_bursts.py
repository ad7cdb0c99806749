"""Many gateway events about one payment: few comparisons, each of which starts after the events that it stands for."""

from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from messaging.models import Message, State
from messaging.relay.claim import claim
from orders.models import Order
from payments.models import GatewayEvent, Payment
from payments.payloads import ComparePayment
from tests.delivery import claim_task, deliver
from tests.factories import place
from tests.patience import PATIENCE
from tests.payments.gateways.stripe_webhook import event, intent, post_event
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks")
COMPARE = ComparePayment.task


@pytest.fixture
def payment(stripe) -> Payment:
    found = place().payments.get()
    Message.objects.all().delete()
    return found


def arrive(payment: Payment, times: int = 1) -> None:
    for _ in range(times):
        assert post_event(event("payment_intent.succeeded", intent(payment.pk))) == 200


def delays() -> list[int]:
    """Seconds that each comparison that is still to start had to wait at first, oldest first."""
    pending = Message.objects.filter(task=COMPARE, state=State.PENDING).order_by("pk")
    return [round((message.available_at - message.created_at).total_seconds()) for message in pending]


def test_events_before_a_comparison_has_started_share_it(payment):
    arrive(payment, 50)
    assert GatewayEvent.objects.count() == 50
    assert delays() == [0]


def test_events_while_a_comparison_runs_share_the_next_one(payment):
    arrive(payment)
    running = claim_task(task=COMPARE)
    arrive(payment, 50)
    assert delays() == [1]
    deliver(running)
    claim_task(task=COMPARE)
    arrive(payment)
    assert delays() == [1]


def test_a_comparison_that_was_sent_before_or_is_due_much_later_stands_for_no_event(payment):
    arrive(payment)
    message = Message.objects.get()
    Message.objects.filter(pk=message.pk).update(sends=1)
    arrive(payment)
    Message.objects.exclude(pk=message.pk).update(available_at="2100-01-01T00:00Z")
    arrive(payment)
    assert Message.objects.filter(task=COMPARE).count() == 3


def test_events_about_two_payments_of_one_order_are_compared_each(payment):
    values = {"method": "pm_card_visa", "amount": 1, "currency": "EUR", "status": "failed"}
    other = Payment.objects.create(order=payment.order, **values)
    arrive(payment, 2)
    arrive(other, 2)
    compared = Message.objects.filter(task=COMPARE).values_list("payload__payment_id", flat=True)
    assert sorted(compared) == sorted([str(payment.pk), str(other.pk)])


@on_postgresql
def test_a_relay_claims_no_comparison_that_an_uncommitted_event_counts_on(payment):
    arrive(payment)
    stored, claimed = Event(), Event()

    def store() -> None:
        with transaction.atomic():
            arrive(payment)
            stored.set()
            assert claimed.wait(PATIENCE)

    def run() -> None:
        assert stored.wait(PATIENCE)
        try:
            assert claim(limit=10) == []
        finally:
            claimed.set()

    assert at_once(store, run) == [None, None]
    assert len(claim(limit=10)) == 1
    assert GatewayEvent.objects.count() == 2


@on_postgresql
@pytest.mark.parametrize("model", [Message, Order, Payment])
def test_an_event_waits_for_no_row_that_somebody_else_has_locked(payment, model: Any):
    """Of a locked message, it does not count on it: that one may be starting."""
    arrive(payment)
    locked, arrived = Event(), Event()

    def lock() -> None:
        with transaction.atomic():
            assert list(model.objects.select_for_update())
            locked.set()
            assert arrived.wait(PATIENCE)

    def store() -> None:
        assert locked.wait(PATIENCE)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
        try:
            arrive(payment)
        finally:
            arrived.set()

    assert at_once(lock, store) == [None, None]
    assert GatewayEvent.objects.count() == 2
    assert Message.objects.filter(task=COMPARE).count() == (2 if model is Message else 1)
