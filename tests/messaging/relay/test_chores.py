"""Chores: each is guarded on its own, one relay does them, and sending does not wait for them."""

import threading
from functools import partial

import pytest
from celery import current_app
from django.db import OperationalError, connection

from messaging.models import Message, State
from messaging.relay import chores as module
from messaging.relay.chores import LEADER_LOCK, Chores, Seldom
from messaging.relay.loop import Pace, Relay
from messaging.topology import topology
from tests.messaging.relay.helpers import dead_letter, enqueue
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


class Recorded(Chores):
    """Real chores. `worked` has the names of those that succeeded."""

    def __init__(self) -> None:
        super().__init__(current_app, every=0.01)
        self.worked: list[str] = []

    def _chores(self):
        return [(name, partial(self._record, name, chore)) for name, chore in super()._chores()]

    def _record(self, name, chore) -> None:
        chore()
        self.worked.append(name)


@pytest.fixture(autouse=True)
def _no_other_leader(db):
    """The server ends the session of an earlier test's thread, and frees its lock, a moment after the thread ends."""
    if connection.vendor == "postgresql":
        wait_for(lambda: not _leaders_elsewhere(), what="another session has lost its lock")


def _leaders_elsewhere() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND pid <> pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LEADER_LOCK],
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def chores(broker):
    made = Recorded()
    yield made
    made.stop()
    made._disconnect()


class Steps(Chores):
    """Chores whose steps are given."""

    def __init__(self, *steps) -> None:
        super().__init__(current_app, every=0.01)
        self._steps = steps

    def _chores(self):
        return [(f"step {n}", step) for n, step in enumerate(self._steps)]


@pytest.mark.parametrize(
    "error",
    [RecursionError("deep"), OperationalError("gone"), ConnectionResetError("gone"), MemoryError(), KeyError(1)],
)
def test_whatever_one_chore_raises_the_others_are_done(error, caplog):
    done = []

    def fails():
        raise error

    steps = Steps(fails, lambda: done.append(1))
    steps.round()
    steps.round()
    assert done == [1, 1]
    assert len([r for r in caplog.records if "step 0" in r.message]) == 1, "logged once, not once a second"


def test_a_round_with_a_real_broker_does_every_chore(chores, caplog):
    chores.round()
    assert chores.worked == [
        "topology",
        "dead letters",
        "recovery",
        "draining",
        "release of deferred messages",
        "messages without a queue",
        "messages of unknown tasks",
    ]
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_a_dead_letter_exchange_that_was_deleted_is_declared_again(chores, publisher, settings):
    if not settings.BROKER_URL.startswith("amqp"):
        pytest.skip("Valkey has no exchanges")
    chores.round()
    with publisher.connection.channel() as channel:
        channel.exchange_delete(topology().dead_letter_exchange)
    chores._next_declaration = 0.0
    chores.round()
    dead_letter(publisher, "junk")
    chores.round()
    assert Message.objects.get().error_type == "UndecodableMessage", "the queue is bound to the exchange again"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_one_relay_does_the_chores_and_another_takes_over_when_its_connection_ends():
    done = []
    first, second = Steps(lambda: done.append("first")), Steps(lambda: done.append("second"))
    leads, go_away = threading.Event(), threading.Event()

    def lead():
        first.round()
        leads.set()
        go_away.wait(PATIENCE)
        connection.close()

    thread = threading.Thread(target=lead)
    thread.start()
    try:
        assert leads.wait(PATIENCE)
        second.round()
        assert done == ["first"]
    finally:
        go_away.set()
        thread.join(PATIENCE)
    wait_for(lambda: second.round() or done == ["first", "second"])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_another_relay_takes_over_from_one_without_the_broker():
    """Only the leader files dead letters and finds lost messages, and the broker may be away for it alone."""
    done = []
    first, second = Steps(lambda: done.append("first")), Steps(lambda: done.append("second"))
    first.broker_is_up.clear()
    has_been_leader, may_end = threading.Event(), threading.Event()

    def lead():
        first.round()
        has_been_leader.set()
        may_end.wait()  # it holds its session for as long as the other one tries
        connection.close()

    thread = threading.Thread(target=lead)
    thread.start()
    try:
        assert has_been_leader.wait(PATIENCE)
        wait_for(lambda: second.round() or done == ["first", "second"])
    finally:
        may_end.set()
        thread.join(PATIENCE)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_another_relay_takes_over_from_one_that_hangs(monkeypatch):
    monkeypatch.setattr(module, "SILENT_SECONDS", 1)
    done = []
    first, second = Steps(lambda: done.append("first")), Steps(lambda: done.append("second"))
    leads, go_on = threading.Event(), threading.Event()

    def lead():
        first.round()
        leads.set()
        go_on.wait(PATIENCE)
        first.round()
        connection.close()

    thread = threading.Thread(target=lead)
    thread.start()
    try:
        assert leads.wait(PATIENCE)
        wait_for(lambda: second.round() or "second" in done, what="the silent leader has lost its lock")
    finally:
        go_on.set()
        thread.join(PATIENCE)


def test_sending_does_not_wait_for_a_chore_that_hangs(broker, monkeypatch):
    hangs, go_on = threading.Event(), threading.Event()

    def hang(*args):
        hangs.set()
        go_on.wait(PATIENCE)

    monkeypatch.setattr(module, "file_dead_letters", hang)
    relay = Relay(current_app, Pace(poll_every=0.01, chores_every=0.01))
    thread = threading.Thread(target=lambda: (relay.run(), connection.close()))
    thread.start()
    try:
        assert hangs.wait(PATIENCE)
        enqueue(3)
        wait_for(lambda: Message.objects.filter(state=State.SENT).count() == 3)
    finally:
        go_on.set()
        relay.stop()
        thread.join(PATIENCE)


def test_a_chore_that_is_seldom_done_looks_once_in_its_interval():
    looks = []
    chore = Seldom(lambda: looks.append(1) or len(looks))
    assert (chore(), chore()) == (1, 0)
    assert looks == [1]
