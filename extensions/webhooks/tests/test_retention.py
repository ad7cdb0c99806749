"""Retention and erasure: what is removed, when, and what stays."""

import socket
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from extensions.webhooks import deliveries
from extensions.webhooks.models import Attempt, Delivery, State
from extensions.webhooks.payloads import PurgeDeliveries
from extensions.webhooks.tests.merchant import answer
from extensions.webhooks.tests.support import place_event
from orders.models import Order
from orders.services import anonymise_orders
from tests.delivery import deliver_due, run_periodic

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_the_last_attempts_are_kept(endpoint, monkeypatch):
    monkeypatch.setattr(deliveries, "ATTEMPTS_KEPT", 3)
    delivery = place_event(endpoint)
    for _ in range(6):
        Attempt.objects.update(ended_at=timezone.now())
        deliveries.begin(delivery_id=delivery.pk)
    assert delivery.attempts.count() == 3


def test_erasure_removes_bodies_and_answers(endpoint, merchant):
    merchant.behaviour = answer(200, b"hello Jane")
    delivery = place_event(endpoint)
    deliver_due()
    anonymise_orders(orders=[Order.objects.get()])
    delivery.refresh_from_db()
    assert (delivery.body, delivery.attempts.get().response) == ("", "")


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_comes_after_the_erasure_is_not_kept(endpoint, merchant, status):
    def behave(client: socket.socket) -> None:
        anonymise_orders(orders=[Order.objects.get()])
        connection.close()
        answer(status, b"hello Jane")(client)

    merchant.behaviour = behave
    delivery = place_event(endpoint)
    deliver_due()
    attempt = delivery.attempts.get()
    assert (attempt.status, attempt.response) == (status, "")


def test_an_erased_event_that_waits_is_not_sent(endpoint, merchant):
    delivery = place_event(endpoint)
    anonymise_orders(orders=[Order.objects.get()])
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
