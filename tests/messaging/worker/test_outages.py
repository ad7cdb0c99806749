"""Database outages during a task: the delivery is given back without a verdict, and no attempt is spent."""

import pytest
from celery.exceptions import Reject
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from messaging import transitions
from messaging.models import Attempt, Message, State
from tests.messaging.deliver import hand_over, send
from tests.messaging.samples import Bug, TemporaryError, behaviour
from tests.messaging.worker.helpers import enqueue, fail

pytestmark = pytest.mark.django_db(transaction=True)


def unavailable(*arguments, **options):
    raise OperationalError("the database system is starting up")


def assert_untouched(message: Message) -> None:
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 0)
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("error", [OperationalError("terminating connection"), InterfaceError("connection closed")])
def test_a_task_that_lost_the_database_spends_no_attempt(error):
    def lose(self, payload):
        connection.close()
        raise error

    behaviour["one"] = lose
    message = send(enqueue("one"))
    with pytest.raises(Reject) as rejected:
        hand_over_raising(message)
    assert not rejected.value.requeue
    assert_untouched(message)


def test_a_task_that_lost_the_database_and_connected_anew_spends_no_attempt():
    """A handler inside the task may have used the new connection."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection that a server could end")

    def lose(self, payload):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        finally:
            connection.close()
            Attempt.objects.exists()

    behaviour["one"] = lose
    message = send(enqueue("one"))
    with pytest.raises(Reject):
        hand_over_raising(message)
    assert_untouched(message)


def test_an_error_caused_by_a_lost_connection_spends_no_attempt():
    def lose(self, payload):
        connection.close()
        try:
            raise OperationalError("gone")
        except OperationalError as error:
            raise Bug from error

    behaviour["one"] = lose
    message = send(enqueue("one"))
    with pytest.raises(Reject):
        hand_over_raising(message)
    assert_untouched(message)


def test_a_task_in_a_read_only_session_spends_no_attempt_although_its_failure_could_be_recorded():
    """As at the end of a failover: new sessions may write."""
    postgresql = connection.vendor == "postgresql"
    message = send(enqueue("ok"))
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on" if postgresql else "PRAGMA query_only = on")
    try:
        with pytest.raises(Reject):
            hand_over_raising(message)
    finally:
        if not postgresql:
            connection.cursor().execute("PRAGMA query_only = off")
    assert_untouched(message)
    assert hand_over(message) == "SUCCESS"


@pytest.mark.parametrize("write", ["reschedule", "bury"])
@pytest.mark.parametrize("error", [OperationalError("locked"), InterfaceError("gone"), DatabaseError("read-only")])
def test_a_failure_that_cannot_be_recorded_spends_no_attempt_and_buries_nothing(write, error, monkeypatch):
    """The other write would succeed: it must not be tried."""

    def broken(**arguments):
        raise error

    monkeypatch.setattr(transitions, write, broken)
    behaviour["one"] = fail(TemporaryError() if write == "reschedule" else Bug())
    message = send(enqueue("one"))
    with pytest.raises(Reject):
        hand_over_raising(message)
    assert_untouched(message)


def test_a_redelivery_that_cannot_be_looked_up_spends_no_attempt(monkeypatch):
    monkeypatch.setattr(transitions, "reopen", unavailable)
    message = send(enqueue("one"))
    with pytest.raises(Reject):
        hand_over_raising(message, redelivered=True)
    assert_untouched(message)


def test_a_deadlock_spends_an_attempt():
    behaviour["one"] = fail(OperationalError("deadlock detected"))
    message = send(enqueue("one"))
    assert hand_over(message) == "RETRY"
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.PENDING, 1)


def test_a_missing_table_spends_its_attempts_and_is_dead():
    def query(self, payload):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    behaviour["one"] = query
    message = send(enqueue("one"))
    hand_over(message)
    message.refresh_from_db()
    assert message.attempts == 1


def test_a_process_whose_connection_was_lost_connects_anew_for_its_next_message():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection that a server could end")
    first, second = send(enqueue("ok")), send(enqueue("ok"))
    connection.connection.close()
    with pytest.raises(Reject):
        hand_over_raising(first, redelivered=True)
    assert hand_over(second, redelivered=True) == "SUCCESS"
    first.refresh_from_db()
    assert (first.state, first.attempts) == (State.SENT, 0)


def hand_over_raising(message: Message, **options) -> None:
    """Celery's tracer reports a `Reject` of the task as a state, and raises that of `on_failure`."""
    if hand_over(message, **options) == "REJECTED":
        raise Reject("by the task", requeue=False)
