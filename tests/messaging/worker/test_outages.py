"""Database outages during a task: the delivery is given back without a verdict, and no attempt is spent."""

import os

import pytest
from celery.exceptions import Reject, SoftTimeLimitExceeded, TimeLimitExceeded
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections

from messaging import transitions
from messaging.models import Attempt, Message, State
from messaging.worker import outage
from messaging.worker.pause_watch import PauseReader
from tests.messaging.deliver import deliver, hand_over, send, trace
from tests.messaging.samples import Bug, TemporaryError, behaviour
from tests.messaging.worker.helpers import enqueue, fail
from tests.patience import PATIENCE, wait_for
from tests.proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)


def unavailable(*arguments, **options):
    raise OperationalError("the database system is starting up")


def assert_given_back(message: Message, **options) -> None:
    """Hand over: the delivery goes to the dead-letter queue, and the ledger is as before."""
    rejected = rejection(message, **options)
    assert isinstance(rejected, Reject)
    assert not rejected.requeue
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 0)
    assert not Attempt.objects.exists()


def rejection(message: Message, **options) -> BaseException | None:
    """What ended the task. Celery's tracer catches that of the task, and raises that of `on_failure`."""
    try:
        info = trace(message, **options)
    except Reject as rejected:
        return rejected
    return info and info.retval


@pytest.mark.parametrize("error", [OperationalError("terminating connection"), InterfaceError("connection closed")])
def test_a_task_that_lost_the_database_spends_no_attempt(error):
    def lose(self, payload):
        connection.close()
        raise error

    behaviour["one"] = lose
    assert_given_back(send(enqueue("one")))


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
    assert_given_back(send(enqueue("one")))


def test_an_error_caused_by_a_lost_connection_spends_no_attempt():
    def lose(self, payload):
        connection.close()
        try:
            raise OperationalError("gone")
        except OperationalError as error:
            raise Bug from error

    behaviour["one"] = lose
    assert_given_back(send(enqueue("one")))


@pytest.fixture
def watched(monkeypatch):
    """A worker's watch reads a database behind a proxy. Returns the proxy."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no server that could hang")
    proxy = Proxy(int(connection.settings_dict["PORT"] or 5432))
    monkeypatch.setattr(outage, "LONGEST_READ", 0.2)
    reader = PauseReader(every=0.01)
    with monkeypatch.context() as patched:  # for the reader's connection
        patched.setitem(connections.settings["default"], "PORT", proxy.port)
        reader.start()
        assert reader.has_read.wait(PATIENCE)
    yield proxy
    proxy.restore()
    reader.stop()
    reader.join(PATIENCE)
    proxy.close()


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("limit", [SoftTimeLimitExceeded, TimeLimitExceeded])
def test_a_time_limit_that_a_hung_database_used_up_spends_no_attempt(limit, is_over, watched):
    """Also if the database answers again by then."""
    message = send(enqueue("one"))
    watched.silent = True
    wait_for(outage.watch.hung)
    if is_over:
        watched.restore()
        wait_for(lambda: not outage.watch.hung())
    behaviour["one"] = fail(limit(20))
    assert_given_back(message)


def test_a_time_limit_long_after_the_database_hung_is_the_tasks_own(watched, settings):
    watched.silent = True
    wait_for(outage.watch.hung)
    watched.restore()
    wait_for(lambda: not outage.watch.hung())
    settings.CONVEYOR_TASK_TIME_LIMIT = 0.01
    wait_for(lambda: not outage.watch.hung(within=0.01))
    behaviour["one"] = fail(SoftTimeLimitExceeded(20))
    message = send(enqueue("one"))
    hand_over(message)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.PENDING, 1)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_pool_processes_see_what_the_workers_watch_saw():
    watch = outage.Watch()
    child = os.fork()
    if not child:
        watch.begin()
        watch.end(failed=True)
        os._exit(0)
    os.waitpid(child, 0)
    assert watch.hung(within=PATIENCE)
    assert not outage.Watch().hung(within=PATIENCE)


def test_a_time_limit_is_the_tasks_own_if_the_database_answers():
    behaviour["one"] = fail(SoftTimeLimitExceeded(20))
    message = send(enqueue("one"))
    hand_over(message)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.PENDING, 1)


def test_a_task_in_a_read_only_session_spends_no_attempt_although_its_failure_could_be_recorded():
    """As at the end of a failover: new sessions may write."""
    postgresql = connection.vendor == "postgresql"
    message = send(enqueue("ok"))
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on" if postgresql else "PRAGMA query_only = on")
    try:
        assert_given_back(message)
    finally:
        if not postgresql:
            connection.cursor().execute("PRAGMA query_only = off")
    assert hand_over(message) == "SUCCESS"


@pytest.mark.parametrize("write", ["reschedule", "bury"])
@pytest.mark.parametrize("error", [OperationalError("locked"), InterfaceError("gone"), DatabaseError("read-only")])
def test_a_failure_that_cannot_be_recorded_spends_no_attempt_and_buries_nothing(write, error, monkeypatch):
    """The other write would succeed: it must not be tried."""

    def broken(**arguments):
        raise error

    monkeypatch.setattr(transitions, write, broken)
    behaviour["one"] = fail(TemporaryError() if write == "reschedule" else Bug())
    assert_given_back(send(enqueue("one")))


def test_a_redelivery_that_cannot_be_looked_up_spends_no_attempt(monkeypatch):
    monkeypatch.setattr(transitions, "reopen", unavailable)
    assert_given_back(send(enqueue("one")), redelivered=True)


def refuse(state: str):
    """A task whose statement PostgreSQL ends with this SQLSTATE."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, and no such errors")

    def run(self, payload):
        with self.complete(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$")

    return run


@pytest.mark.parametrize("state", ["40P01", "40001"], ids=["deadlock", "serialization failure"])
def test_a_transaction_that_others_have_ended_spends_no_attempt(state):
    behaviour["one"] = refuse(state)
    assert_given_back(send(enqueue("one")))


@pytest.mark.parametrize("state", ["53100", "53200", "58030"], ids=["disk full", "out of memory", "I/O error"])
def test_a_server_that_has_no_room_or_cannot_read_spends_no_attempt(state):
    behaviour["one"] = refuse(state)
    assert_given_back(send(enqueue("one")))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a limit of SQLite's stands for its disk")
def test_a_full_disk_of_sqlite_spends_no_attempt():
    def write(self, payload):
        with self.complete(), connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1")  # SQLite takes as many as it has
            cursor.execute("UPDATE messaging_message SET error_message = hex(zeroblob(10000000))")

    behaviour["one"] = write
    try:
        assert_given_back(send(enqueue("one")))
    finally:
        connection.cursor().execute("PRAGMA max_page_count = 4294967294")


def test_a_statement_that_waited_too_long_for_a_lock_spends_an_attempt():
    behaviour["one"] = refuse("55P03")
    message = send(enqueue("one"))
    assert hand_over(message) == "RETRY"
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.PENDING, 1)


def test_a_missing_table_is_no_outage_and_makes_the_message_dead():
    """To SQLite it is an operational error, which is retried; to PostgreSQL a bug in the statement."""

    def query(self, payload):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    behaviour["one"] = query
    message = enqueue("one")
    attempts = 5 if connection.vendor == "sqlite" else 1
    for number in range(1, attempts + 1):
        message = deliver(message)
        assert (message.state, message.attempts) == (State.DEAD if number == attempts else State.PENDING, number)
    assert "no_such_table" in message.error_message


def test_a_process_whose_connection_was_lost_connects_anew_for_its_next_message():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection that a server could end")
    first, second = send(enqueue("ok")), send(enqueue("ok"))
    connection.connection.close()
    assert_given_back(first, redelivered=True)
    assert hand_over(second, redelivered=True) == "SUCCESS"
