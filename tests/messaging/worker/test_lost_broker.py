"""A worker that loses the broker gives back what it holds: no attempt is spent, and nothing happens twice."""

from types import SimpleNamespace

import pytest
from celery import current_app
from celery.worker import state as worker_state
from django.contrib.auth.models import Group
from django.db import OperationalError, connection

from messaging.models import Message, State
from messaging.worker.admission import HEADER
from messaging.worker.consumer import Consumer
from tests.messaging.deliver import claim_due, hand_over, send
from tests.messaging.samples import behaviour
from tests.messaging.worker.helpers import effect, enqueue
from tests.messaging.worker.test_revocation import Answers, request_for

pytestmark = pytest.mark.django_db(transaction=True)


class Connection:
    """A connection to a broker that is gone."""

    _transport = None

    def collect(self, **options) -> None:
        raise ConnectionResetError

    def close(self) -> None:
        pass


def lose_broker() -> None:
    consumer = Consumer.__new__(Consumer)
    consumer.app, consumer.connection, consumer.pool = current_app, Connection(), SimpleNamespace(num_processes=1)
    consumer.qos_global, consumer.prefetch_multiplier = False, 1
    consumer.on_connection_error_after_connected(ConnectionResetError())


def held(message: Message):
    """The request of a message that the worker has received."""
    request = request_for(message, Answers())
    worker_state.task_reserved(request)
    return request


@pytest.fixture(autouse=True)
def _forget_requests():
    yield
    worker_state.reset_state()


def test_what_a_worker_holds_is_due_again_without_an_attempt_and_its_old_delivery_is_ignored():
    behaviour["ok"] = effect
    message = send(enqueue())
    kept = held(message)
    lose_broker()
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.PENDING, 0)
    hand_over(message, redelivered=True)  # the broker has had no answer
    assert not Group.objects.exists()
    (again,) = claim_due(limit=1)
    hand_over(message, redelivered=True)
    hand_over(again)
    again.refresh_from_db()
    assert (again.state, again.sends, again.attempts) == (State.DONE, kept.request_dict["conveyor"]["sends"] + 1, 0)
    assert Group.objects.count() == 1


def test_what_is_settled_or_acknowledged_is_left_alone():
    done, acknowledged = send(enqueue()), send(enqueue())
    Message.objects.filter(pk=done.pk).update(state=State.DONE)
    requests = [held(done), held(acknowledged)]
    requests[1].acknowledged = True
    lose_broker()
    assert set(Message.objects.values_list("pk", "state")) == {(done.pk, State.DONE), (acknowledged.pk, State.SENT)}


def test_what_was_sent_again_meanwhile_is_left_alone():
    message = send(enqueue())
    held(message)
    Message.objects.filter(pk=message.pk).update(sends=2)
    lose_broker()
    message.refresh_from_db()
    assert (message.state, message.sends) == (State.SENT, 2)


def test_what_no_relay_has_sent_or_signed_touches_no_message():
    sent = [send(enqueue()), send(enqueue())]
    nobodys, forged = map(held, sent)
    nobodys.request_dict[HEADER] = None
    forged.request_dict[HEADER] = forged.request_dict[HEADER] | {"is_unsigned": True}
    lose_broker()
    assert set(Message.objects.values_list("state", flat=True)) == {State.SENT}


def test_a_database_that_is_away_too_stops_nobody():
    message = send(enqueue())
    kept = held(message)
    with connection.execute_wrapper(_away):
        lose_broker()
    message.refresh_from_db()
    assert (message.state, kept.acknowledged) == (State.SENT, False)


def _away(execute, sql, params, many, context):
    raise OperationalError("server closed the connection unexpectedly")
