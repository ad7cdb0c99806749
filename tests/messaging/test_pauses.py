"""Queue pauses: relays, recovery and the audit respect them, and operators set them."""

import json
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from celery import current_app
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db.models.functions import Now
from django.utils import timezone

from messaging import invariants, outbox, pauses
from messaging.models import Message, QueuePause, State
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from messaging.relay import claim, publish, recovery
from messaging.relay.loop import Pace, Relay
from tests.messaging.samples import Sample
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "maintenance"
ANN = Actor.system("ann")
BOB = Actor.system("bob")
NOBODY = Actor(name="eve", may=lambda codename: False)


def enqueue(count: int = 1, **options) -> list[Message]:
    with outbox.transaction():
        return [outbox.enqueue(Sample(text=str(n)), **options) for n in range(count)]


def age(field: str, **by) -> None:
    Message.objects.update(**{field: timezone.now() - timedelta(**by)})


def pause(queue: str = QUEUE) -> QueuePause:
    return actions.pause(queue=queue, actor=ANN, reason="the bank is down")


# -- pausing and resuming ---------------------------------------------------------------------------------------


def test_pause_and_resume_record_who_and_why():
    pause()
    assert pauses.paused() == {QUEUE}
    actions.resume(queue=QUEUE, actor=BOB, reason="it is back")
    kept = QueuePause.objects.get()
    assert (kept.paused_by, kept.reason, kept.resumed_by) == ("ann", "the bank is down", "bob")
    assert pauses.paused() == frozenset()
    entries = AuditEntry.objects.order_by("id").values_list("action", "actor", "queue", "reason")
    assert list(entries) == [
        ("pause queue", "ann", QUEUE, "the bank is down"),
        ("resume queue", "bob", QUEUE, "it is back"),
    ]


@pytest.mark.skipif(database.vendor != "postgresql", reason="SQLite has this host's clock")
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_pause_ends_by_the_clock_of_the_database(hours: int):
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        actions.pause(queue=QUEUE, actor=ANN, reason="drill", seconds=600)
        enqueue()
        assert pauses.paused() == {QUEUE}
        assert claim.claim(limit=1) == []
        QueuePause.objects.update(resumed_at=Now() - timedelta(seconds=1))
        assert pauses.paused() == frozenset()
        assert len(claim.claim(limit=1)) == 1


def test_a_second_pause_is_refused_naming_the_first():
    pause()
    with pytest.raises(actions.AlreadyPaused, match=r"by ann since .* UTC: the bank is down"):
        actions.pause(queue=QUEUE, actor=BOB, reason="me, too")
    assert AuditEntry.objects.count() == 1


def test_of_concurrent_pauses_one_succeeds():
    attempts = [partial(actions.pause, queue=QUEUE, actor=Actor.system(f"op{n}"), reason="race") for n in range(8)]
    assert at_once(*attempts, refusals=(actions.AlreadyPaused,)).count(None) == 1
    assert QueuePause.objects.count() == AuditEntry.objects.count() == 1


def test_a_queue_that_is_not_paused_cannot_be_resumed():
    with pytest.raises(actions.NotPaused):
        actions.resume(queue=QUEUE, actor=ANN)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_pause_without_a_reason_is_refused(reason):
    with pytest.raises(actions.ReasonMissing):
        actions.pause(queue=QUEUE, actor=ANN, reason=reason)
    assert not QueuePause.objects.exists()


def test_an_unknown_queue_is_refused():
    with pytest.raises(actions.QueueUnknown, match="payments"):
        actions.pause(queue="paymants", actor=ANN, reason="a slip")


def test_the_services_check_permissions_themselves():
    for action in (
        lambda: actions.pause(queue=QUEUE, actor=NOBODY, reason="x"),
        lambda: actions.resume(queue=QUEUE, actor=NOBODY),
        lambda: actions.run_queue_now(queue=QUEUE, actor=NOBODY),
        lambda: actions.run_now(message_id=enqueue()[0].pk, actor=NOBODY),
    ):
        with pytest.raises(PermissionDenied):
            action()


def test_a_pause_with_an_end_is_over_then_though_nobody_resumes_it():
    enqueue()
    actions.pause(queue=QUEUE, actor=ANN, reason="a try", seconds=600)
    assert pauses.paused() == set(pauses.current()) == {QUEUE}
    assert claim.claim(limit=9) == []
    QueuePause.objects.update(resumed_at=timezone.now() - timedelta(seconds=1))
    assert pauses.paused() == frozenset()
    assert pauses.current() == {}
    assert len(claim.claim(limit=9)) == 1


def test_a_pause_with_an_end_allows_no_other_and_can_be_resumed_before():
    actions.pause(queue=QUEUE, actor=ANN, reason="a try", seconds=600)
    for seconds in (None, 5):
        with pytest.raises(actions.AlreadyPaused, match="by ann"):
            actions.pause(queue=QUEUE, actor=BOB, reason="me, too", seconds=seconds)
    actions.resume(queue=QUEUE, actor=BOB)
    assert pauses.paused() == frozenset()
    kept = QueuePause.objects.get()
    assert kept.resumed_by == "bob"
    assert kept.resumed_at <= timezone.now()


def test_of_concurrent_pauses_with_an_end_one_succeeds():
    attempts = [
        partial(actions.pause, queue=QUEUE, actor=Actor.system(f"op{n}"), reason="race", seconds=60) for n in range(8)
    ]
    assert at_once(*attempts, refusals=(actions.AlreadyPaused,)).count(None) == 1
    assert QueuePause.objects.count() == AuditEntry.objects.count() == 1


# -- scheduled messages -------------------------------------------------------------------------------------------


def test_a_scheduled_message_is_run_now_once():
    (message,) = enqueue(delay=3600)
    assert actions.run_now(message_id=message.pk, actor=ANN)
    assert not actions.run_now(message_id=message.pk, actor=BOB)
    assert [m.pk for m in claim.claim(limit=9)] == [message.pk]
    assert [(e.action, e.actor) for e in AuditEntry.objects.all()] == [("run now", "ann")]


def test_running_a_queue_now_writes_one_audit_entry():
    enqueue(3, delay=3600)
    assert actions.run_queue_now(queue="payments", actor=ANN) == 0
    assert actions.run_queue_now(queue=QUEUE, actor=ANN) == 3
    assert len(claim.claim(limit=9)) == 3
    assert AuditEntry.objects.get().data == {"messages": 3}


# -- the relay --------------------------------------------------------------------------------------------------------


def test_the_relay_does_not_claim_from_a_paused_queue(broker):
    relay = Relay(current_app, Pace(poll_every=0.01, chores_every=0))
    try:
        enqueue(2)
        pause()
        assert relay.turn() == 0
        assert set(Message.objects.values_list("state", flat=True)) == {State.PENDING}
        actions.resume(queue=QUEUE, actor=ANN)
        assert relay.turn() == 2
    finally:
        relay._disconnect()


def test_other_queues_are_not_affected():
    ours, others = enqueue(2)
    Message.objects.filter(pk=others.pk).update(queue="payments")
    pause()
    assert [m.pk for m in claim.claim(limit=9)] == [others.pk]
    assert claim.claim(limit=9) == []
    actions.resume(queue=QUEUE, actor=ANN)
    assert len(claim.claim(limit=9)) == 1
    assert ours.state == State.PENDING


@pytest.fixture
def connection(broker):
    publisher = publish.connect(current_app)
    yield publisher.connection
    publisher.connection.close()


def recovered(connection) -> int:
    return recovery.Recovery().run(connection, current_app)


def test_messages_of_a_paused_queue_are_not_lost(connection, settings):
    enqueue()
    claim.claim(limit=1)
    pause()
    age("sent_at", days=1)
    assert recovered(connection) == 0
    actions.resume(queue=QUEUE, actor=ANN)
    assert recovered(connection) == 0, "it gets the full timeout again"
    QueuePause.objects.update(resumed_at=timezone.now() - timedelta(seconds=settings.CONVEYOR_VISIBILITY + 1))
    assert recovered(connection) == 1, "it is not at the broker, so it is lost"


def test_messages_still_queued_after_a_long_pause_are_not_sent_twice(connection, settings):
    enqueue()
    publisher = publish.connect(current_app)
    publisher.publish(claim.claim(limit=1))
    publisher.connection.close()
    pause()
    actions.resume(queue=QUEUE, actor=ANN)
    age("sent_at", days=1)
    QueuePause.objects.update(resumed_at=timezone.now() - timedelta(seconds=11 * settings.CONVEYOR_VISIBILITY))
    assert recovered(connection) == 0


# -- the audit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "field"), [(State.PENDING, "available_at"), (State.SENT, "sent_at")])
def test_the_audit_excludes_paused_queues(state, field):
    enqueue()
    age(field, days=1)
    Message.objects.update(state=state)
    (later,) = enqueue()  # was sent and done since
    now = timezone.now()
    Message.objects.filter(pk=later.pk).update(state=State.DONE, sent_at=now, finished_at=now)
    assert len(invariants.audit()) == 1
    pause()
    assert invariants.audit() == []
    actions.resume(queue=QUEUE, actor=ANN)
    assert invariants.audit() == []
    QueuePause.objects.update(resumed_at=timezone.now() - timedelta(hours=12))
    assert len(invariants.audit()) == 1


def test_the_audit_command_lists_pauses(capsys):
    pause()
    call_command("audit")
    assert "paused  maintenance since" in capsys.readouterr().out


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_pauses_and_resumes_a_queue(capsys, no_broker):
    call_command("queue", "pause", QUEUE, "--reason", "a try", "--dry-run")
    assert "would be paused" in capsys.readouterr().out
    assert pauses.paused() == frozenset()
    call_command("queue", "pause", QUEUE, "--reason", "a try", "--json")
    assert json.loads(capsys.readouterr().out) == {"queue": QUEUE, "paused": True, "dry_run": False}
    call_command("queue", "list")
    assert "paused by cli:" in capsys.readouterr().out
    call_command("queue", "list", "--json")
    assert [row["name"] for row in json.loads(capsys.readouterr().out) if row["paused"]] == [QUEUE]
    call_command("queue", "resume", QUEUE)
    assert "resumed" in capsys.readouterr().out
    assert pauses.paused() == frozenset()


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["pause", "payments", "--reason", "again"], "paused"),
        (["resume", QUEUE], "not paused"),
        (["pause", "paymants", "--reason", "a slip"], "Queues: payments"),
    ],
)
def test_the_command_fails_if_there_is_nothing_to_change(arguments, options, error):
    pause("payments")
    with pytest.raises(CommandError, match=error):
        call_command("queue", *arguments, *options)
