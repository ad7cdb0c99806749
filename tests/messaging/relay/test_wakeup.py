"""Wakeup: a sleeping relay is notified of due messages, and only then."""

import threading

import pytest
from celery import current_app
from django.db import connection

from messaging import outbox
from messaging.models import State
from messaging.relay import wakeup
from messaging.relay.loop import Pace, Relay
from tests.messaging.relay.helpers import enqueue, states
from tests.messaging.samples import Sample
from tests.patience import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
#: Seconds of sleep that end by being woken only.
NEVER = 10 * PATIENCE


def test_a_sleeping_relay_is_woken_by_a_commit():
    if connection.vendor != "postgresql":
        listener = wakeup.Listener()
        with listener.sleep_lock() as acquired:
            assert not acquired
        return
    listener, woken = wakeup.Listener(), []
    ready = threading.Event()

    def sleep() -> None:
        try:
            with listener.sleep_lock() as acquired:
                assert acquired
                ready.set()
                listener.wait(NEVER)
                woken.append(True)
        finally:
            connection.close()

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        with wakeup.Listener().sleep_lock() as acquired:
            assert not acquired, "one relay at a time sleeps on the lock"
    finally:
        enqueue()
        thread.join(PATIENCE)
    assert woken


def test_a_sleeping_relay_survives_the_loss_of_its_database_connection(broker):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections to lose")
    relay = Relay(current_app, Pace(max_sleep=NEVER, chores_every=3600, min_backoff=0.01))
    pids = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pids.append(cursor.fetchone()[0])
            relay.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        wait_for(lambda: bool(pids))
        with connection.cursor() as cursor:
            wait_for(lambda: _is_asleep(cursor))
            cursor.execute("SELECT pg_terminate_backend(%s)", [pids[0]])
        enqueue()
        wait_for(lambda: states() == {State.SENT})
    finally:
        relay.stop()
        enqueue()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_sleeping_relay_sends_scheduled_messages_on_time(broker):
    """On PostgreSQL no notification wakes it; on SQLite a relay polls."""
    relay = Relay(current_app, Pace(max_sleep=NEVER, chores_every=3600))
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="a"), delay=0.5)

    def work() -> None:
        try:
            relay.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        wait_for(lambda: states() == {State.SENT})
    finally:
        relay.stop()
        enqueue()
        thread.join(PATIENCE)
    message.refresh_from_db()
    assert message.sent_at >= message.available_at


def _is_asleep(cursor) -> bool:
    """Whether a relay of this database is; the server shows those of all, and whoever enqueues shares the lock."""
    cursor.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND mode = 'ExclusiveLock' "
        "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [wakeup.LOCK],
    )
    return bool(cursor.fetchone()[0])


def test_no_notification_is_sent_while_no_relay_is_asleep(django_assert_num_queries):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no NOTIFY")
    with connection.cursor() as cursor:
        wait_for(lambda: not _is_asleep(cursor), what="the server has freed the lock of an earlier test's session")
        cursor.execute(f"LISTEN {wakeup.CHANNEL}")
    enqueue()
    assert list(connection.connection.notifies(timeout=0.2)) == []
