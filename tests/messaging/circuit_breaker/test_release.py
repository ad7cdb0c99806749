"""Release of deferred messages: closing is one row; the relay releases in batches what no open circuit defers."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import circuit_breaker, outbox, transitions
from messaging.circuit_breaker import guard, release_waiting
from messaging.models import Circuit, Message, State
from messaging.operations import actions
from messaging.operations.dashboard.circuits import circuit_rows
from messaging.topology import Priority
from tests.messaging.circuit_breaker.system import ANN, NAME, enqueue, judge, opened, probe_is_due
from tests.messaging.deliver import claimable, send
from tests.messaging.samples import Sample
from tests.query_plans import plans_of

pytestmark = pytest.mark.django_db(transaction=True)


def deferred(count: int, *, to: str = NAME, priority: Priority = Priority.NORMAL) -> set[Message]:
    """Messages that wait for `to` and are not due within the test."""
    with outbox.transaction():
        messages = [outbox.enqueue(Sample(text="ok"), priority=priority, delay=86_400) for _ in range(count)]
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(waits_for=to)
    return set(messages)


def answer() -> None:
    probe_is_due()
    with guard(NAME, judge=judge):
        pass


def test_closing_writes_one_row_however_many_messages_wait():
    opened()
    deferred(50)
    probe_is_due()
    with CaptureQueriesContext(connection) as statements, guard(NAME, judge=judge):
        pass
    assert not Circuit.objects.get().is_open
    assert not [query for query in statements if "messaging_message" in query["sql"]]
    assert not claimable()


def test_the_release_is_bounded_and_takes_the_most_urgent_first():
    opened()
    low = deferred(3, priority=Priority.LOW)
    high = deferred(4, priority=Priority.HIGH)
    assert release_waiting() == 0, "the circuit is open"
    answer()
    assert release_waiting(limit=4) == 4
    assert claimable() == high
    assert [release_waiting(limit=2) for _ in range(3)] == [2, 1, 0]
    assert claimable() == low | high
    assert not Message.objects.exclude(waits_for="").exists()


def test_the_bound_holds_for_all_circuits_together():
    for name in ("one", "two"):
        Circuit.objects.create(pk=name)
        deferred(3, to=name)
    assert release_waiting(limit=4) == 4
    assert release_waiting(limit=4) == 2


def test_a_message_that_is_deferred_while_the_circuit_closes_is_released():
    opened()
    message = send(enqueue())
    answer()
    assert release_waiting() == 0
    transitions.defer(message_id=message.pk, sends=1, circuit=NAME, delay=600)
    assert release_waiting() == 1
    assert claimable() == {message}


@pytest.mark.parametrize("reason", ["release", "worker", "database", "system.other"])
def test_what_waits_for_something_else_is_not_released(reason):
    opened()
    answer()
    Circuit.objects.create(pk="system.other", opened_at=timezone.now())
    deferred(1, to=reason)
    assert release_waiting() == 0
    assert not claimable()


def test_the_release_reads_the_index_in_the_order_it_needs():
    """Neither the rest of the ledger nor all that waits is read or sorted."""
    opened()
    deferred(500)
    with outbox.transaction():
        for _ in range(2000):
            outbox.enqueue(Sample(text="ok"))
    answer()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE messaging_message, messaging_circuit")
    with plans_of("^SELECT .*messaging_message") as plans:
        assert release_waiting(limit=5) == 5
    assert len(plans) == 2
    for plan in plans:
        assert "messaging_deferred" in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_a_probe_by_hand_closes_the_circuit_in_the_same_way():
    opened()
    waiting = deferred(3)
    assert actions.probe(name=NAME, actor=ANN)
    assert len(claimable()) == 1
    answer()
    assert release_waiting() == 3
    assert claimable() == waiting


def test_counts_of_deferred_messages_are_bounded(monkeypatch):
    monkeypatch.setattr(circuit_breaker, "COUNTED", 2)
    opened()
    deferred(3)
    deferred(3, to="release")
    assert circuit_breaker.deferred_by_circuit()[NAME] == 2
    assert next(row.waiting for row in circuit_rows() if row.name == NAME) == 2
    monkeypatch.setattr(circuit_breaker, "COUNTED", 4)
    assert circuit_breaker.deferred_by_circuit()[NAME] == 3


def test_a_message_that_was_taken_meanwhile_is_left_alone():
    opened()
    (message,) = deferred(1)
    answer()
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    before = Message.objects.values().get(pk=message.pk)
    assert release_waiting() == 0
    assert Message.objects.values().get(pk=message.pk) == before
    assert before["available_at"] > timezone.now() + timedelta(hours=1)
