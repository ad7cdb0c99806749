"""Deliveries: written with the event, signed, retried, dead on the desk, and sent again under the same ID."""

import json
import socket
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from extensions.webhooks import deliveries, endpoints, events, retries
from extensions.webhooks.deliveries import CannotResend
from extensions.webhooks.models import Attempt, Delivery, Endpoint, State
from extensions.webhooks.payloads import Deliver, PurgeDeliveries
from extensions.webhooks.tests.merchant import Merchant, answer
from messaging import outbox
from messaging.circuit_breaker import CircuitOpen
from messaging.hooks.next_steps import RETRY, step_for
from messaging.models import Message
from messaging.models import State as MessageState
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from messaging.topology import topology
from orders.models import Order
from orders.services import anonymise_order, cancel_order, mark_refunded, record_partial_refund
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due, run_periodic
from tests.extensions.snapshots import assert_unchanged
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


def place_event(endpoint: Endpoint) -> Delivery:
    """A delivery that is due, of an order whose other messages wait."""
    place()
    Message.objects.exclude(task=Deliver.task).update(available_at=timezone.now() + timedelta(days=1))
    return Delivery.objects.get(event="order.placed")


def exhaust(delivery: Delivery) -> Message:
    """Deliver it until it is dead."""
    for _ in range(len(retries.DELAYS) + 1):
        Endpoint.objects.update(paused_until=None)
        make_due(task=Deliver.task)
        deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert message.state == MessageState.DEAD
    return message


def test_the_life_of_an_order_is_sent_signed_and_in_minor_units(endpoint, merchant):
    order = place()
    deliver_all()
    found = {event["type"]: event for event in merchant.verified(endpoint)}
    assert list(found) == ["order.placed", "order.paid", "order.shipped", "order.delivered"]
    shipment = Order.objects.get().shipment
    assert found["order.shipped"]["data"] == {
        "order": {"number": order.number, "status": "shipped", "total": order.total, "currency": "EUR"},
        "parcel": {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number},
    }
    assert found["order.paid"]["data"]["order"]["status"] == "paid"
    assert {delivery.state for delivery in Delivery.objects.all()} == {State.DELIVERED}
    assert {header["webhook-id"] for header in (request.headers for request in merchant.requests)} == {
        delivery.webhook_id for delivery in Delivery.objects.all()
    }


def test_cancelled_and_refunded_orders_are_sent(endpoint, merchant):
    order = place(payment_method="pm_card_declined")
    deliver_due()
    order.refresh_from_db()
    cancel_order(order=order)
    record_partial_refund(order=order, amount=100, left=50)
    mark_refunded(order=order)
    deliver_due()
    found = {event["type"]: event["data"] for event in merchant.verified(endpoint)}
    expected = {"placed", "payment_failed", "cancelled", "partly_refunded", "refunded"}
    assert set(found) == {f"order.{name}" for name in expected}
    assert found["order.partly_refunded"]["refund"] == {"amount": 100, "left": 50}


def test_an_event_has_no_personal_data(endpoint):
    order = place()
    deliver_all()
    personal = (order.email, order.name, order.line1, order.city, order.postcode, order.public_id)
    bodies = "".join(Delivery.objects.values_list("body", flat=True))
    assert bodies
    assert not [word for word in personal if word in bodies]


def test_a_rolled_back_change_announces_nothing(endpoint):
    with transaction.atomic():
        place()
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert not Message.objects.filter(task=Deliver.task).exists()


def test_only_active_subscribers_get_an_event(endpoint, merchant):
    Endpoint.objects.create(url=merchant.url, events=["order.paid"])
    Endpoint.objects.create(url=merchant.url, events=["order.placed"], is_active=False)
    place()
    assert Delivery.objects.get().endpoint == endpoint


def test_each_endpoint_has_its_own_message_with_one_event_id(endpoint, merchant):
    Endpoint.objects.create(url=merchant.url, events=["order.placed"])
    place()
    first, second = Delivery.objects.all()
    assert first.event_id == second.event_id
    assert first.message_id != second.message_id
    assert first.body == second.body


def test_the_body_is_as_it_was_at_the_time_of_the_event(endpoint, merchant):
    delivery = place_event(endpoint)
    Order.objects.update(status="cancelled")
    deliver_due()
    (event,) = merchant.verified(endpoint)
    assert event["data"]["order"]["status"] == "placed"
    assert merchant.requests[0].body == delivery.body


def test_an_endpoint_that_is_turned_off_gets_nothing_more(endpoint, merchant):
    delivery = place_event(endpoint)
    Endpoint.objects.update(is_active=False)
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, merchant.requests) == (State.SKIPPED, [])


def test_a_failed_attempt_is_logged_and_retried_under_the_same_id(endpoint, merchant):
    merchant.behaviour = answer(500, b"<h1>Oops</h1>")
    delivery = place_event(endpoint)
    deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert (message.state, message.attempts) == (MessageState.PENDING, 1)
    assert message.error_message == f"127.0.0.1:{merchant.port} answered 500."
    merchant.behaviour = answer(200, b"thanks")
    make_due(pk=message.pk)
    deliver_due()
    failed, passed = Attempt.objects.all()
    assert (failed.status, failed.response, failed.error) == (500, "<h1>Oops</h1>", message.error_message)
    assert (passed.status, passed.response, passed.error) == (200, "thanks", "")
    assert failed.milliseconds is not None
    assert failed.ended_at is not None
    first, second = merchant.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.webhook_id
    assert first.body == second.body
    assert len(merchant.verified(endpoint)) == 2


def test_the_server_decides_when_it_is_asked_again(endpoint, merchant):
    merchant.behaviour = answer(503, Retry_After="1000")
    delivery = place_event(endpoint)
    before = timezone.now()
    deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert timedelta(seconds=990) < message.available_at - before < timedelta(seconds=1030)


def test_spent_retries_are_dead_on_the_desk_with_a_next_step(endpoint, merchant):
    merchant.behaviour = answer(404)
    delivery = place_event(endpoint)
    message = exhaust(delivery)
    delivery.refresh_from_db()
    assert delivery.state == State.FAILED
    assert delivery.attempts.count() == len(retries.DELAYS) + 1
    step = step_for(message.error_type)
    assert step.action == RETRY
    assert "merchant's server answered" in step.text
    assert "hooks?shop=1" not in message.error_message, "the URL may hold secrets"


def test_a_retry_on_the_desk_resends_under_the_same_id(endpoint, merchant):
    merchant.behaviour = answer(404)
    delivery = place_event(endpoint)
    message = exhaust(delivery)
    merchant.behaviour = answer(204)
    actions.retry(ids=[message.pk], actor=ANN)
    delivery.refresh_from_db()
    assert delivery.state == State.PENDING
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
    assert {request.headers["webhook-id"] for request in merchant.requests} == {delivery.webhook_id}


def test_discard_and_restore_on_the_desk_are_followed(endpoint, merchant):
    merchant.behaviour = answer(404)
    delivery = place_event(endpoint)
    message = exhaust(delivery)
    actions.discard(ids=[message.pk], actor=ANN, reason="no shop any more")
    delivery.refresh_from_db()
    assert delivery.state == State.DISCARDED
    actions.restore(ids=[message.pk], actor=ANN)
    delivery.refresh_from_db()
    assert delivery.state == State.FAILED


def test_410_turns_the_endpoint_off(endpoint, merchant):
    merchant.behaviour = answer(410)
    delivery = place_event(endpoint)
    deliver_due()
    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    assert (delivery.state, endpoint.is_active) == (State.SKIPPED, False)
    assert "410 Gone" in endpoint.off_reason
    assert Message.objects.get(pk=delivery.message_id).state == MessageState.DONE
    assert AuditEntry.objects.get(action=deliveries.ENDPOINT_OFF).actor == "webhooks"
    place()
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://shop.example/"])
def test_a_url_that_is_not_allowed_any_more_gets_nothing(endpoint, merchant, options, url):
    options()
    Endpoint.objects.update(url=url)
    delivery = place_event(endpoint)
    deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert message.error_type.endswith("AddressRefused")
    assert not merchant.requests


def place_events(count: int) -> list[Delivery]:
    for _ in range(count):
        place()
    return list(Delivery.objects.filter(event="order.placed").order_by("id"))


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
    options(is_local=True, timeout=1, in_flight=2)
    first, second, third = place_events(3)
    assert deliveries.begin(delivery_id=first.pk)
    assert deliveries.begin(delivery_id=second.pk)
    with pytest.raises(CircuitOpen):
        deliveries.begin(delivery_id=third.pk)
    Attempt.objects.get(delivery=second).delete()
    Endpoint.objects.update(failing=1)
    with pytest.raises(CircuitOpen):
        deliveries.begin(delivery_id=third.pk)


def test_others_are_delivered_while_one_endpoint_hangs(endpoint, merchant):
    with Merchant() as other:
        quick = Endpoint.objects.create(url=other.url, events=["order.placed"])
        merchant.behaviour = merchant.hang
        place()
        slow, fast = (Delivery.objects.get(event="order.placed", endpoint=each) for each in (endpoint, quick))
        slow_message = claim_task(task=Deliver.task, pk=slow.message_id)
        thread = threading.Thread(target=_run, args=[slow_message])
        thread.start()
        assert deliver(claim_task(task=Deliver.task, pk=fast.message_id)) == MessageState.DONE
        thread.join()
    assert len(other.requests) == 1
    slow_message.refresh_from_db()
    assert slow_message.error_message.endswith("no answer within 1 s.")


def _run(message: Message) -> None:
    try:
        deliver(message)
    finally:
        connection.close()


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


def test_a_message_about_a_delivery_that_is_gone_is_dead(endpoint):
    delivery = place_event(endpoint)
    delivery.delete()
    deliver_due()
    assert Message.objects.get(task=Deliver.task).error_type.endswith("DeliveryGone")


def test_only_the_last_attempts_are_kept(endpoint, monkeypatch):
    monkeypatch.setattr(deliveries, "ATTEMPTS_KEPT", 3)
    delivery = place_event(endpoint)
    for _ in range(6):
        Attempt.objects.update(ended_at=timezone.now())
        deliveries.begin(delivery_id=delivery.pk)
    assert delivery.attempts.count() == 3


def test_a_delivered_event_is_sent_again_once(endpoint, merchant):
    delivery = place_event(endpoint)
    deliver_due()
    delivery.refresh_from_db()
    deliveries.resend(delivery_id=delivery.pk, sends=delivery.sends, actor=ANN)
    deliver_due()
    with pytest.raises(CannotResend, match="requested already"):
        deliveries.resend(delivery_id=delivery.pk, sends=delivery.sends, actor=ANN)
    deliver_due()
    first, second = merchant.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    entry = AuditEntry.objects.get(action=deliveries.RESEND)
    assert (entry.actor, entry.data["event"]) == ("ann", "order.placed")


def test_resending_a_dead_one_retries_its_message(endpoint, merchant):
    merchant.behaviour = answer(404)
    delivery = place_event(endpoint)
    message = exhaust(delivery)
    delivery.refresh_from_db()
    merchant.behaviour = answer(204)
    deliveries.resend(delivery_id=delivery.pk, sends=delivery.sends, actor=ANN)
    deliver_due()
    message.refresh_from_db()
    assert message.state == MessageState.DONE
    assert AuditEntry.objects.filter(action="retry", message_id=message.pk, actor="ann").exists()
    assert Message.objects.filter(task=Deliver.task).count() == 1


def test_what_is_under_way_or_impossible_is_not_resent(endpoint):
    delivery = place_event(endpoint)

    def why_not(**changes: object) -> str:
        Delivery.objects.filter(pk=delivery.pk).update(**changes)
        with pytest.raises(CannotResend) as refused:
            deliveries.resend(delivery_id=delivery.pk, sends=1, actor=ANN)
        return str(refused.value)

    assert "is not sent twice" in why_not()
    assert "erased" in why_not(state=State.DELIVERED, body="")
    Endpoint.objects.update(is_active=False)
    assert "Turn it on" in why_not(body="{}")
    Delivery.objects.all().delete()
    assert "does not exist any more" in why_not()


def test_a_test_event_goes_to_one_endpoint_whatever_it_subscribes_to(endpoint, merchant):
    other = Endpoint.objects.create(url=merchant.url, events=[])
    deliveries.send_test(endpoint=other, actor=ANN)
    with pytest.raises(CannotResend, match="waiting already"):
        deliveries.send_test(endpoint=other, actor=ANN)
    deliver_due()
    (event,) = merchant.verified(other)
    assert (event["type"], event["data"]) == (events.TEST, {})
    other.is_active = False
    with pytest.raises(CannotResend, match="Turn it on"):
        deliveries.send_test(endpoint=other, actor=ANN)


def test_both_secrets_sign_while_a_rotation_overlaps(endpoint, merchant):
    old = Endpoint.objects.get()
    endpoints.rotate(endpoint=endpoint, actor=ANN)
    new = Endpoint.objects.get()
    assert old.secret != new.secret
    with pytest.raises(endpoints.StillRotating, match="signs until"):
        endpoints.rotate(endpoint=endpoint, actor=ANN)
    place_event(endpoint)
    deliver_due()
    assert merchant.verified(old) == merchant.verified(new)
    assert merchant.requests[0].headers["webhook-signature"].count("v1,") == 2
    Endpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    delivery = Delivery.objects.get()
    deliveries.resend(delivery_id=delivery.pk, sends=1, actor=ANN)
    deliver_due()
    assert merchant.requests[1].headers["webhook-signature"].count("v1,") == 1


def test_erasure_removes_bodies_and_answers(endpoint, merchant):
    merchant.behaviour = answer(200, b"hello Jane")
    delivery = place_event(endpoint)
    deliver_due()
    anonymise_order(order=Order.objects.get())
    delivery.refresh_from_db()
    assert (delivery.body, delivery.attempts.get().response) == ("", "")


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_comes_after_the_erasure_is_not_kept(endpoint, merchant, status):
    def behave(client: socket.socket) -> None:
        anonymise_order(order=Order.objects.get())
        connection.close()
        answer(status, b"hello Jane")(client)

    merchant.behaviour = behave
    delivery = place_event(endpoint)
    deliver_due()
    attempt = delivery.attempts.get()
    assert (attempt.status, attempt.response) == (status, "")


def test_an_erased_event_that_waits_is_not_sent(endpoint, merchant):
    delivery = place_event(endpoint)
    anonymise_order(order=Order.objects.get())
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, merchant.requests) == (State.SKIPPED, [])


def test_old_deliveries_are_deleted_and_undecided_ones_kept(endpoint, merchant):
    place_event(endpoint)
    deliver_due()
    row = Delivery.objects.values().get()
    old = timezone.now() - timedelta(days=31)
    kept = {State.FAILED, State.PENDING}
    for state in State.values:
        for _ in range(3):
            copy = Delivery(**{name: row[name] for name in ("endpoint_id", "order_id", "event", "body", "message_id")})
            copy.event_id, copy.state, copy.created_at, copy.queued_at = copy.pk, state, old, old
            copy.save()
            Attempt.objects.create(delivery=copy, until=old, ended_at=old)
    assert deliveries.purge(limit=2) == 2
    run_periodic(PurgeDeliveries.task)
    assert {delivery.state for delivery in Delivery.objects.filter(created_at=old)} == kept
    assert Delivery.objects.filter(created_at__gt=old).count() == 1
    assert Attempt.objects.count() == 1 + 3 * len(kept)


def test_a_dry_run_on_the_desk_sends_nothing(endpoint, merchant):
    merchant.behaviour = answer(404)
    message = exhaust(place_event(endpoint))
    sent = len(merchant.requests)
    actions.dry_run(message=message, actor=ANN)
    assert len(merchant.requests) == sent
    assert Delivery.objects.get().state == State.FAILED


def test_the_number_of_endpoints_is_bounded(endpoint, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST", 2)
    endpoints.save(endpoint=Endpoint(url="https://shop.example/"), actor=ANN, changed=[])
    with pytest.raises(endpoints.TooMany, match="which is the most"):
        endpoints.save(endpoint=Endpoint(url="https://shop.example/"), actor=ANN, changed=[])


def test_no_secret_and_no_url_is_in_the_audit_log(endpoint):
    endpoints.save(endpoint=endpoint, actor=ANN, changed=["url"])
    endpoints.rotate(endpoint=endpoint, actor=ANN)
    endpoints.reveal(endpoint=endpoint, actor=ANN)
    deliveries.send_test(endpoint=endpoint, actor=ANN)
    text = json.dumps([[entry.action, entry.reason, entry.data] for entry in AuditEntry.objects.all()])
    assert text.count("127.0.0.1") == 4
    assert "whsec_" not in text
    assert "hooks" not in text.replace("webhook", "")


def test_events_cost_an_order_little(endpoint, merchant, django_assert_max_num_queries):
    """One statement without a subscriber; two with any number of them, and the messages at the end."""
    order = place()
    with transaction.atomic(), django_assert_max_num_queries(1):
        deliveries.record_event(event="order.unknown", order=order)
    for _ in range(5):
        Endpoint.objects.create(url=merchant.url, events=["order.placed"])
    with outbox.transaction(), django_assert_max_num_queries(2):
        deliveries.record_event(event="order.placed", order=order)


def test_the_message_leads_to_the_queue_of_the_app():
    assert topology().binds(Deliver.routing_key, "webhooks")


@pytest.mark.parametrize("payload", [Deliver, PurgeDeliveries])
def test_the_schema_changes_only_with_a_new_version(payload):
    assert_unchanged(payload, Path(__file__).with_name("schemas"))
