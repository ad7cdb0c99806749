"""Flow control: a bound on what is in flight, promotion of what waits too long, and the database's clock."""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.db import connection
from django.utils import timezone

from messaging.broker import inspect
from messaging.invariants import audit
from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from messaging.relay import claim, publish
from messaging.relay.flow import Flow
from messaging.relay.lanes import pending_lanes
from messaging.topology import MAX_PRIORITY, Priority
from tests.messaging.relay.helpers import QUEUE, enqueue, take
from tests.patience import wait_for
from tests.query_plans import plans_of
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_bound(settings):
    settings.CONVEYOR_IN_FLIGHT = 20


def ages(messages, *, seconds: float) -> None:
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(
        available_at=timezone.now() - timedelta(seconds=seconds)
    )


def settle(count: int) -> None:
    done = Message.objects.filter(state=State.SENT)[:count]
    Message.objects.filter(pk__in=[m.pk for m in done]).update(state=State.DONE)


def test_the_relay_fills_a_queue_up_to_the_bound_and_refills_what_was_settled(relay):
    enqueue(50, priority=Priority.HIGH)
    assert [relay.turn() for _ in range(3)] == [20, 0, 0]
    settle(7)
    assert [relay.turn() for _ in range(2)] == [7, 0]
    assert Counter(Message.objects.values_list("state", flat=True)) == {"pending": 23, "sent": 20, "done": 7}


def test_each_priority_leaves_room_for_the_ones_above():
    enqueue(50, priority=Priority.LOW)
    assert len(claim.claim(limit=100)) == 16
    enqueue(50, priority=Priority.NORMAL)
    assert Counter(row.priority for row in claim.claim(limit=100)) == {Priority.NORMAL: 2}
    enqueue(50, priority=Priority.HIGH)
    assert Counter(row.priority for row in claim.claim(limit=100)) == {Priority.HIGH: 2}
    assert claim.claim(limit=100) == []


def test_the_bound_is_of_each_queue(relay):
    enqueue(30)  # of normal priority, which leaves a tenth of the bound
    others = enqueue(5)
    Message.objects.filter(pk__in=[m.pk for m in others]).update(queue="payments", routing_key="payment.x.normal")
    assert relay.turn() == 18 + 5


def test_relays_that_claim_at_the_same_time_do_not_exceed_the_bound():
    enqueue(200, priority=Priority.HIGH)
    claimed = []
    at_once(*[lambda: claimed.extend(claim.claim(limit=15))] * 4)
    assert len(claimed) == 20
    assert Message.objects.filter(state=State.SENT).count() == 20


def test_copies_whose_confirm_was_lost_take_room_until_they_are_consumed(relay, monkeypatch):
    enqueue(60, priority=Priority.HIGH)
    relay.turn()
    settle(20)
    original = type(relay._publisher).publish

    def confirm_is_lost(self, batch):
        original(self, batch)
        raise ConnectionResetError("gone")

    with publish.connect(current_app).connection as link:
        take_all(link)
        with monkeypatch.context() as patch:
            patch.setattr(type(relay._publisher), "publish", confirm_is_lost)
            with pytest.raises(ConnectionResetError):
                relay.turn()
        relay._disconnect()
        Message.objects.filter(state=State.PENDING).update(available_at=timezone.now())
        wait_for(lambda: inspect.depth(link, QUEUE) == 20)
        assert relay.turn() == 0, "the broker holds as many as it may"
        take_all(link)
        assert relay.turn() == 20


def take_all(link) -> None:
    while take(link) is not None:
        pass


def test_the_highest_priority_is_claimed_first_and_then_the_longest_due():
    low, normal, high = (enqueue(2, priority=priority) for priority in sorted(Priority))
    ages(low[1:], seconds=30)
    claimed = [message.pk for message in claim.claim(limit=6)]
    expected = [sorted(message.pk for message in due) for due in (high, normal, low[1:], low[:1])]
    assert claimed == [pk for pks in expected for pk in pks]


def test_a_low_message_is_promoted_once_it_has_waited_too_long(settings):
    settings.CONVEYOR_MAX_WAIT = 5
    low = enqueue(30, priority=Priority.LOW)
    ages(low, seconds=6)
    enqueue(100, priority=Priority.HIGH)
    rows = claim.claim(limit=100)
    promoted = [row for row in rows if row.is_promoted]
    assert len(rows) == 20
    assert [row.priority for row in promoted] == [Priority.LOW] * 2, "a tenth of the room"
    assert {row.publish_priority for row in rows} == {MAX_PRIORITY}


def test_a_tenth_is_for_aged_messages_however_small_the_claims_are(settings):
    settings.CONVEYOR_MAX_WAIT = 5
    ages(enqueue(40, priority=Priority.LOW), seconds=6)
    ages(enqueue(40, priority=Priority.NORMAL), seconds=6)
    enqueue(100, priority=Priority.HIGH)
    counts: Counter[int] = Counter()
    for _ in range(100):
        counts.update(row.priority for row in claim.claim(limit=1))
        settle(1)
    assert counts == {Priority.HIGH: 81, Priority.NORMAL: 10, Priority.LOW: 9}


def test_a_low_message_that_has_not_waited_too_long_is_overtaken(settings):
    settings.CONVEYOR_MAX_WAIT = 5
    ages(enqueue(5, priority=Priority.LOW), seconds=3)
    enqueue(100, priority=Priority.HIGH)
    assert {row.priority for row in claim.claim(limit=100)} == {Priority.HIGH}


def test_only_urgent_rows_of_a_draining_queue_are_claimed():
    flow = Flow(look_every=1)
    flow.draining = frozenset({QUEUE})
    enqueue(3)
    enqueue(2, priority=Priority.HIGH)
    assert {row.priority for row in claim.claim(limit=9, admits=flow.admits)} == {Priority.HIGH}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is on the web host and has its clock")
def test_the_clock_of_a_web_host_does_not_delay_its_messages():
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        ahead = enqueue()
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        behind = enqueue(delay=1800)
    assert [m.pk for m in claim.claim(limit=9)] == [ahead[0].pk]
    (lane,) = pending_lanes()
    assert 900 < lane.seconds <= 1800
    behind[0].refresh_from_db()
    assert behind[0].available_at - behind[0].created_at == timedelta(seconds=1800)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks")
def test_a_row_that_another_transaction_has_locked_holds_up_no_claim():
    locked, free = enqueue(2)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        other.cursor().execute("SELECT 1 FROM messaging_message WHERE id = %s FOR UPDATE", [locked.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        assert [message.pk for message in claim.claim(limit=9)] == [free.pk]
    finally:
        other.close()
        connection.close()


def test_a_claim_reads_no_more_rows_than_it_takes(django_assert_max_num_queries):
    """One look at all lanes, a lock, one count, one UPDATE per due lane, begin and commit."""
    enqueue(30)
    enqueue(30, delay=60)
    with django_assert_max_num_queries(6):
        assert len(claim.claim(limit=10)) == 10


def write(count: int, **columns) -> None:
    columns |= {"task": "t", "queue": QUEUE, "priority": Priority.LOW}
    rows = [Message(correlation_id=uuid7(), **columns) for _ in range(count)]
    Message.objects.bulk_create(rows, batch_size=1000)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan of PostgreSQL")
@pytest.mark.parametrize(("done", "pending"), [(0, 0), (3000, 200)])
def test_a_claim_follows_the_lane_index_although_the_statistics_are_older_than_a_burst(settings, done, pending):
    """By itself PostgreSQL takes a claim for all that is due, which it would rather read and sort."""
    settings.CONVEYOR_IN_FLIGHT = 1000
    write(done, state=State.DONE)
    write(pending)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_message")
    write(3000)
    with plans_of("UPDATE messaging_message SET state = 'sent'") as plans:
        assert len(claim.claim(limit=800)) == 800
    (plan,) = plans
    assert "messaging_lane" in plan
    assert "Sort" not in plan


def test_a_backlog_beyond_the_bound_is_not_overdue_and_one_that_nothing_sends_is():
    ages(enqueue(60), seconds=86_400)
    assert [line.invariant for line in audit()].count("no pending message is overdue") == 50
    claim.claim(limit=100)
    assert audit() == []


def test_messages_of_a_queue_that_nobody_knows_are_overdue():
    ages(enqueue(1), seconds=86_400)
    Message.objects.update(queue="removed", routing_key="removed.go.low")
    assert [line.invariant for line in audit()] == ["no pending message is overdue"]


def test_messages_that_wait_for_stopped_workers_are_not_lost():
    claim.claim(limit=len(enqueue(5)))
    Message.objects.update(sent_at=timezone.now() - timedelta(days=1))
    assert audit() == []
