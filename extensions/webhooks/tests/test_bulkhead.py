"""Bulkhead: an endpoint that hangs or fails takes few slots, and the messages of others go on."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from extensions.webhooks import client, deliveries
from extensions.webhooks.models import Attempt, Delivery, Endpoint, State
from extensions.webhooks.payloads import Deliver
from extensions.webhooks.tests.merchant import Merchant, answer
from extensions.webhooks.tests.support import place_event, place_events, run_in_thread
from messaging import clock
from messaging.circuit_breaker import CircuitOpen
from messaging.models import Message
from messaging.models import State as MessageState
from messaging.operations.models import AuditEntry
from tests.delivery import claim_task, deliver, deliver_due, make_due
from tests.factories import place
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_second_event_of_a_busy_endpoint_waits_without_an_attempt(endpoint, merchant):
    first, second = place_events(2)
    assert deliveries.begin(delivery_id=first.pk) is not None
    message = claim_task(task=Deliver.task, pk=second.message_id)
    assert deliver(message) == MessageState.PENDING
    assert (message.attempts, message.waits_for) == (0, f"endpoint {endpoint.pk} (127.0.0.1:{merchant.port})")
    assert message.available_at - timezone.now() < timedelta(seconds=5)
    assert not merchant.requests


@pytest.mark.parametrize(("waited", "least", "most"), [(0, 0.5, 1.6), (400, 40, 101), (80_000, 100, 301)])
def test_the_longer_an_event_waits_for_a_slot_the_less_often_it_asks(endpoint, waited, least, most):
    first, second = place_events(2)
    assert deliveries.begin(delivery_id=first.pk)
    Delivery.objects.update(queued_at=timezone.now() - timedelta(seconds=waited))
    waits = []
    for _ in range(30):
        with pytest.raises(CircuitOpen) as busy:
            deliveries.begin(delivery_id=second.pk)
        waits.append(busy.value.seconds)
    assert least < max(waits) < most
    assert min(waits) >= 0.5


def test_more_slots_are_a_setting_and_a_failing_endpoint_has_one(endpoint, options):
    options(is_local=True, in_flight=2)
    first, second, third = place_events(3)
    assert deliveries.begin(delivery_id=first.pk)
    assert deliveries.begin(delivery_id=second.pk)
    with pytest.raises(CircuitOpen):
        deliveries.begin(delivery_id=third.pk)
    Attempt.objects.get(delivery=second).delete()
    Endpoint.objects.update(failing=1)
    with pytest.raises(CircuitOpen):
        deliveries.begin(delivery_id=third.pk)


def test_others_are_delivered_while_one_endpoint_hangs(endpoint, merchant, options):
    with Merchant() as other:
        quick = Endpoint.objects.create(url=other.url, events=["order.placed"])
        merchant.behaviour = merchant.hang
        place()
        slow, fast = (Delivery.objects.get(event="order.placed", endpoint=each) for each in (endpoint, quick))
        slow_message = claim_task(task=Deliver.task, pk=slow.message_id)
        thread = threading.Thread(target=run_in_thread, args=[slow_message])
        options(is_local=True, timeout=1)
        thread.start()
        wait_for(lambda: merchant.requests or not thread.is_alive(), what="the endpoint hangs")
        options(is_local=True, timeout=60)
        assert deliver(claim_task(task=Deliver.task, pk=fast.message_id)) == MessageState.DONE
        thread.join()
    assert len(other.requests) == 1
    slow_message.refresh_from_db()
    assert slow_message.error_message.endswith("no answer within 1 s.")


def test_a_slot_of_a_killed_worker_is_free_at_once_for_its_own_message_and_after_its_lease_for_others(endpoint):
    first, second = place_events(2)
    assert deliveries.begin(delivery_id=first.pk)
    assert deliveries.begin(delivery_id=first.pk)
    with pytest.raises(CircuitOpen):
        deliveries.begin(delivery_id=second.pk)
    Attempt.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert deliveries.begin(delivery_id=second.pk)


def test_failures_in_a_row_pause_the_endpoint_and_a_success_ends_it(endpoint, merchant):
    merchant.behaviour = answer(500)
    for _ in range(3):
        place()
    found = list(Delivery.objects.filter(event="order.placed").order_by("id"))
    for delivery in found:
        deliver(claim_task(task=Deliver.task, pk=delivery.message_id))
    endpoint.refresh_from_db()
    assert endpoint.failing == 3
    assert endpoint.paused_until > timezone.now()
    place()
    last = Delivery.objects.filter(event="order.placed").first()
    message = claim_task(task=Deliver.task, pk=last.message_id)
    assert deliver(message) == MessageState.PENDING
    assert Message.objects.get(pk=message.pk).attempts == 0
    assert len(merchant.requests) == 3
    Endpoint.objects.update(paused_until=timezone.now() - timedelta(seconds=1))
    merchant.behaviour = answer(200)
    make_due(pk=message.pk)
    assert deliver(claim_task(task=Deliver.task, pk=message.pk)) == MessageState.DONE
    endpoint.refresh_from_db()
    assert (endpoint.failing, endpoint.paused_until) == (0, None)


def test_a_slow_endpoint_rests_in_proportion_also_if_it_succeeds(endpoint):
    first, second = place_events(2)
    job, since = deliveries.begin(delivery_id=first.pk), clock.now()
    with transaction.atomic():
        deliveries.succeed(job, answer=client.Answer(status=200, text=""), milliseconds=9_500)
    endpoint.refresh_from_db()
    assert since <= endpoint.paused_until - timedelta(seconds=38) <= clock.now()
    with pytest.raises(CircuitOpen):
        deliveries.begin(delivery_id=second.pk)
    Endpoint.objects.update(paused_until=None)
    job, since = deliveries.begin(delivery_id=second.pk), clock.now()
    deliveries.fail(job, answer=client.Answer(status=404, text=""), error="404", milliseconds=5_000)
    endpoint.refresh_from_db()
    assert since <= endpoint.paused_until - timedelta(seconds=20) <= clock.now()


def test_an_endpoint_that_has_not_answered_for_days_is_turned_off(endpoint, merchant):
    merchant.behaviour = answer(500)
    delivery = place_event(endpoint)
    days = [timezone.now() - timedelta(days=age) for age in (4, 6)]
    for failing, succeeded_at, is_active in ((18, days[1], True), (19, days[0], True), (19, days[1], False)):
        Endpoint.objects.update(failing=failing, succeeded_at=succeeded_at, paused_until=None)
        make_due(pk=delivery.message_id)
        deliver_due()
        endpoint.refresh_from_db()
        assert endpoint.is_active == is_active
    assert "no usable answer since" in endpoint.off_reason
    assert AuditEntry.objects.get(action=deliveries.ENDPOINT_OFF).actor == "webhooks"
    make_due(pk=delivery.message_id)
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == State.SKIPPED
    assert len(merchant.requests) == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_order_does_not_wait_for_a_worker_that_holds_the_endpoint(endpoint):
    held, ends = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            deliveries._locked(endpoint.pk)
            held.set()
            ends.wait(PATIENCE)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        place()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    finally:
        ends.set()
        thread.join()
    assert Delivery.objects.count() == 1


def test_a_refused_event_does_not_pause_the_endpoint(endpoint, merchant):
    merchant.behaviour = answer(400)
    Endpoint.objects.update(failing=5)
    place_event(endpoint)
    deliver_due()
    endpoint.refresh_from_db()
    assert (endpoint.failing, endpoint.paused_until) == (0, None)


def test_an_event_that_waits_for_too_long_is_dead(endpoint):
    delivery = place_event(endpoint)
    Endpoint.objects.update(paused_until=timezone.now() + timedelta(minutes=5))
    Delivery.objects.update(queued_at=timezone.now() - timedelta(days=4))
    deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert message.state == MessageState.DEAD
    assert message.error_message.endswith("has not answered for 4 days.")
    delivery.refresh_from_db()
    assert delivery.state == State.FAILED
