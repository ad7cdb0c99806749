"""Outbox: a message exists if and only if its transaction commits."""

import contextlib
import logging
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import outbox, tracing
from messaging.models import Message, State
from messaging.models.backlog import backlogs
from messaging.models.uuid7 import uuid7
from messaging.topology import Priority, UnroutableKey
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)


def test_enqueueing_outside_a_transaction_is_refused():
    with pytest.raises(outbox.OutsideTransaction, match=r"tests\.sample was enqueued outside a transaction"):
        outbox.enqueue(Sample(text="a"))
    assert not Message.objects.exists()


def test_a_message_is_a_pending_row_ready_to_publish():
    with transaction.atomic():
        message = outbox.enqueue(Sample(text="a"), priority=Priority.HIGH, subject="CV-1")
    message.refresh_from_db()
    assert (message.task, message.queue, message.routing_key) == (
        "tests.sample", "maintenance", "maintenance.sample.high",
    )  # fmt: skip
    assert (message.priority, message.payload, message.state) == (9, {"text": "a"}, State.PENDING)
    assert (message.subject, message.attempts, message.sends) == ("CV-1", 0, 0)
    assert message.id.version == 7


def test_a_rollback_removes_the_message():
    def roll_back() -> None:
        with outbox.transaction():
            outbox.enqueue(Sample(text="a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        roll_back()
    assert not Message.objects.exists()


def test_a_rolled_back_savepoint_removes_its_message():
    with outbox.transaction():
        kept = outbox.enqueue(Sample(text="kept"))
        with contextlib.suppress(RuntimeError), transaction.atomic():
            outbox.enqueue(Sample(text="gone"))
            raise RuntimeError
    assert list(Message.objects.values_list("pk", flat=True)) == [kept.pk]


def test_messages_of_one_transaction_are_written_in_one_statement():
    with CaptureQueriesContext(connection) as queries, outbox.transaction():
        for number in range(5):
            outbox.enqueue(Sample(text=str(number)))
    assert len([q for q in queries if "INSERT" in q["sql"]]) == 1
    assert Message.objects.count() == 5


def test_a_nested_transaction_joins_the_outer_one():
    with contextlib.suppress(RuntimeError), outbox.transaction():
        with outbox.transaction():
            outbox.enqueue(Sample(text="a"))
        raise RuntimeError
    assert not Message.objects.exists()


def test_a_delay_sets_a_later_due_time():
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="a"), delay=60)
    assert message.available_at - message.created_at == timedelta(seconds=60)
    now = timezone.now()
    assert [backlogs(now=at)[message.queue].waiting for at in (now, now + timedelta(seconds=61))] == [0, 1]


def test_an_unroutable_message_is_refused(monkeypatch):
    monkeypatch.setattr(Sample, "routing_key", "nowhere.go")
    with pytest.raises(UnroutableKey), outbox.transaction():
        outbox.enqueue(Sample(text="a"))
    assert not Message.objects.exists()


def test_a_message_enqueued_by_another_joins_its_chain():
    chain = tracing.Chain(uuid.uuid4(), causation_id=uuid.uuid4())
    with tracing.chain(chain), outbox.transaction():
        message = outbox.enqueue(Sample(text="a"))
    assert (message.correlation_id, message.causation_id) == (chain.correlation_id, chain.causation_id)
    assert message.traceparent.split("-")[1] == chain.correlation_id.hex


def test_a_message_without_a_cause_starts_a_chain():
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="a"))
    assert (message.correlation_id, message.causation_id) == (message.pk, None)


def test_ids_sort_by_time_and_never_repeat():
    ids = [uuid7() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [i.int >> 80 for i in ids] == sorted(i.int >> 80 for i in ids)
    assert {i.variant for i in ids} == {uuid.RFC_4122}


def test_log_records_carry_their_chain():
    record = logging.makeLogRecord({})
    tracing.ChainFilter().filter(record)
    assert record.chain == "-"
    link = tracing.Chain(uuid.uuid4())
    with tracing.chain(link):
        tracing.ChainFilter().filter(record)
    assert link.correlation_id.hex.startswith(record.chain)


@pytest.mark.parametrize(
    ("header", "continues"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("", False),
        ("junk", False),
    ],
)
def test_a_request_continues_the_trace_of_its_caller(header, continues):
    chain = tracing.chain_of_header(header)
    assert (chain.correlation_id.hex == "4bf92f3577b34da6a3ce929d0e0e4736") is continues
    assert chain.causation_id is None
