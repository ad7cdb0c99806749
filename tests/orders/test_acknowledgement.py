"""Acknowledgement: an order whose payment is not decided within a minute gets an e-mail of its own, once."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from messaging import scheduler
from messaging.models import Message, State
from orders import selectors, services
from orders.models import Order, Source, Status
from tests.clocks import travel
from tests.delivery import claim_task, deliver
from tests.factories import place, place_and_acknowledge
from tests.query_plans import fill, without_indexes
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LOOK, EMAIL = "orders.acknowledge_orders", "orders.send_email"


def a_minute_later():
    return travel(timezone.now() + selectors.ACKNOWLEDGE_AFTER + timedelta(seconds=1))


def look() -> None:
    scheduler.tick(LOOK)
    deliver(claim_task(task=LOOK))


def test_an_order_that_waits_for_its_payment_is_acknowledged_once():
    order = place()
    with a_minute_later():
        look()
        message = claim_task(task=EMAIL)
        assert (message.payload["kind"], message.subject) == ("placed", order.number)
        assert deliver(message) == State.DONE
        assert not selectors.has_unacknowledged()
    (email,) = mail.outbox
    assert email.to == [order.email]
    assert order.lines.get().name in email.body


def test_an_order_is_not_acknowledged_before_its_time():
    place()
    assert not selectors.has_unacknowledged()
    assert services.acknowledge_orders(now=timezone.now()) == 0


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_declined"])
def test_an_order_whose_payment_is_decided_gets_only_that_email(method: str):
    place(payment_method=method)
    deliver(claim_task(task="payments.charge_payment"))
    with a_minute_later():
        assert not selectors.has_unacknowledged()
    kinds = set(Message.objects.filter(task=EMAIL).values_list("payload__kind", flat=True))
    assert kinds == {"paid" if method == "pm_card_visa" else "payment_failed"}


def test_an_imported_order_is_never_acknowledged():
    place(source=Source.IMPORT)
    with a_minute_later():
        assert not selectors.has_unacknowledged()


def test_a_dead_or_discarded_acknowledgement_is_not_enqueued_again():
    place()
    with a_minute_later():
        assert services.acknowledge_orders(now=timezone.now()) == 1
        for state in (State.DEAD, State.DISCARDED, State.DONE):
            Message.objects.filter(task=EMAIL).update(state=state)
            assert not selectors.has_unacknowledged()


def test_one_run_acknowledges_more_than_a_batch(monkeypatch: pytest.MonkeyPatch):
    orders = [place() for _ in range(5)]
    monkeypatch.setattr(services, "acknowledge_orders", partial(services.acknowledge_orders, limit=2))
    with a_minute_later():
        look()
    assert Message.objects.filter(task=EMAIL).count() == len(orders)
    assert not Message.objects.live().filter(task=LOOK).exists()


def test_the_look_uses_the_indexes_on_status_and_subject():
    place()
    earlier = timezone.now() - timedelta(minutes=30)
    fill([Order(status=Status.DELIVERED, placed_at=earlier, subtotal=0, total=0) for _ in range(2000)])
    fill([Message(task=EMAIL, subject=f"ORD-{n}", correlation_id=uuid4(), state=State.DONE) for n in range(2000)])
    with without_indexes("orders_newest", "orders_by_email"):
        plan = selectors.unacknowledged(now=timezone.now()).explain()
    assert "orders_by_status" in plan
    assert "messaging_subject" in plan


def test_two_runs_at_once_enqueue_one_email_for_each_order():
    orders = [place() for _ in range(20)]
    later = timezone.now() + selectors.ACKNOWLEDGE_AFTER + timedelta(seconds=1)
    at_once(*[partial(services.acknowledge_orders, now=later)] * 3)
    assert Message.objects.filter(task=EMAIL).count() == len(orders)


def test_an_acknowledgement_that_comes_after_the_payment_is_not_sent():
    place_and_acknowledge()
    late = claim_task(task=EMAIL)
    deliver(claim_task(task="payments.charge_payment"))
    assert deliver(late) == State.DONE
    assert mail.outbox == []


def test_an_order_of_long_ago_is_not_acknowledged():
    place()
    with travel(timezone.now() + selectors.ACKNOWLEDGE_WITHIN + timedelta(seconds=1)):
        assert not selectors.has_unacknowledged()
