"""Deliveries: signed, retried, dead on the desk, turned off, and never sent by a dry run."""

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from extensions.webhooks import deliveries, endpoints, retries
from extensions.webhooks.models import Attempt, Delivery, Endpoint, State
from extensions.webhooks.payloads import Deliver
from extensions.webhooks.tests.merchant import answer
from extensions.webhooks.tests.support import ANN, exhaust, place_event
from messaging.hooks.next_steps import RETRY, step_for
from messaging.models import Message
from messaging.models import State as MessageState
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from tests.delivery import deliver_due, make_due
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert endpoint.off_at is not None
    assert Message.objects.get(pk=delivery.message_id).state == MessageState.DONE
    assert AuditEntry.objects.get(action=deliveries.ENDPOINT_OFF).actor == "webhooks"
    place()
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("status", [410, 503])
def test_what_the_old_server_answers_does_not_stop_events_to_the_new_url(endpoint, merchant, status):
    """The merchant moved, and the URL was changed while a request to the old server was under way."""
    new = f"{merchant.url}&moved=1"

    def move(connection):
        changed = Endpoint.objects.get(pk=endpoint.pk)
        changed.url = new
        endpoints.save(endpoint=changed, actor=ANN, changed=["url"])
        connections.close_all()  # of the merchant's thread
        answer(status, Retry_After="200")(connection)

    merchant.behaviour = move
    delivery = place_event(endpoint)
    deliver_due()
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.is_active, endpoint.failing, endpoint.paused_until) == (new, True, 0, None)
    merchant.behaviour = answer(204)
    make_due(pk=delivery.message_id)
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
    assert "moved=1" in merchant.requests[-1].line


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://shop.example/"])
def test_a_url_that_is_not_allowed_any_more_gets_nothing(endpoint, merchant, options, url):
    options()
    Endpoint.objects.update(url=url)
    delivery = place_event(endpoint)
    deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert message.error_type.endswith("AddressRefused")
    assert not merchant.requests


def test_a_message_about_a_delivery_that_is_gone_is_dead(endpoint):
    delivery = place_event(endpoint)
    delivery.delete()
    deliver_due()
    assert Message.objects.get(task=Deliver.task).error_type.endswith("DeliveryGone")


def test_a_dry_run_on_the_desk_sends_nothing(endpoint, merchant):
    merchant.behaviour = answer(404)
    message = exhaust(place_event(endpoint))
    sent = len(merchant.requests)
    actions.dry_run(message=message, actor=ANN)
    assert len(merchant.requests) == sent
    assert Delivery.objects.get().state == State.FAILED
