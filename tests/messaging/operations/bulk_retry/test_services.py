"""Bulk retry actions: start, pause, resume, cancel, and the states that allow them."""

import pytest
from django.core.exceptions import PermissionDenied

from messaging.models import Message, State
from messaging.operations.bulk_retry import services
from messaging.operations.bulk_retry.services import IllegalBulkTransition, InvalidPace, Pace
from messaging.operations.failures import group_counters
from messaging.operations.models import AuditEntry, BulkState, FailureGroup, ItemOutcome
from messaging.operations.permissions import Actor
from tests.messaging.operations.bulk_retry.dead import ANN, dead, end, previewed, relay, started, turn

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_start_sets_the_pace_and_enqueues_the_driver(clock):
    dead(2)
    operation = services.start(
        operation_id=previewed().pk, pace=Pace(rate=7, canary=3, stop_ratio=0.2), actor=ANN, reason="fixed"
    )
    assert (operation.state, operation.rate, operation.canary, operation.stop_ratio) == ("running", 7, 3, 0.2)
    message = Message.objects.get(task="operations.drive_bulk_retry")
    assert message.payload == {"operation_id": str(operation.pk), "turn": 0}
    entry = AuditEntry.objects.get(action="bulk start")
    assert (entry.reason, entry.data) == ("fixed", {"rate": 7, "canary": 3, "stop_ratio": 0.2})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rate": 0}, "rate"),
        ({"rate": 10_001}, "rate"),
        ({"canary": -1}, "canary"),
        ({"canary": 1001}, "canary"),
        ({"stop_ratio": 0}, "stop_ratio"),
        ({"stop_ratio": 1.01}, "stop_ratio"),
    ],
)
def test_an_invalid_pace_names_its_field(changes, field):
    dead()
    operation = previewed()
    with pytest.raises(InvalidPace) as refused:
        services.start(operation_id=operation.pk, pace=Pace(**changes), actor=ANN)
    assert refused.value.field == field
    operation.refresh_from_db()
    assert operation.state == BulkState.PREVIEW


def test_a_preview_with_nothing_to_retry_cannot_be_started():
    dead(task="gone.task")
    with pytest.raises(IllegalBulkTransition, match="Nothing to start"):
        services.start(operation_id=previewed().pk, pace=Pace(), actor=ANN)


def test_a_paused_operation_sends_nothing_until_it_is_resumed(clock):
    operation = turn(started(30, rate=10))
    services.pause(operation_id=operation.pk, actor=ANN)
    relay()
    clock.tick(5)
    assert turn(operation).sent == 10
    end(operation, succeed=10)
    operation = turn(operation)
    assert (operation.succeeded, operation.waiting, operation.next_turn_at) == (10, 20, None)
    services.resume(operation_id=operation.pk, actor=ANN)
    assert turn(operation).sent == 10
    assert list(
        AuditEntry.objects.filter(action__in=["bulk pause", "bulk resume"]).values_list("actor", flat=True)
    ) == [
        "ann",
        "ann",
    ]


def test_a_stopped_operation_resumes_with_a_new_canary(clock):
    operation = turn(started(30, canary=5))
    relay()
    end(operation, fail=5)
    assert turn(operation).state == BulkState.STOPPED
    services.resume(operation_id=operation.pk, actor=ANN)
    clock.tick(2)
    operation = turn(operation)
    assert (operation.state, operation.sent, operation.stopped_for) == (BulkState.RUNNING, 5, None)
    relay()
    end(operation, succeed=5)
    assert turn(operation).sent == 20


def test_nothing_is_stopped_where_nothing_is_left_to_send(clock):
    operation = turn(started(2, canary=5))
    relay()
    end(operation, fail=2)
    operation = turn(operation)
    assert (operation.state, operation.failed_again, operation.stopped_for) == (BulkState.FINISHED, 2, None)


def test_a_cancel_makes_unclaimed_messages_dead_again_as_they_were(clock):
    for message in dead(30, fingerprint="f1"):
        group_counters.message_died(message=message, at=clock())
    died = dict(Message.objects.values_list("pk", "finished_at"))
    operation = services.start(operation_id=previewed().pk, pace=Pace(rate=10, canary=0), actor=ANN)
    turn(operation)
    relay()
    clock.tick(2)
    assert turn(operation).sent == 20
    operation = services.cancel(operation_id=operation.pk, actor=ANN)
    assert (operation.state, operation.sent, operation.cancelled) == (BulkState.CANCELLED, 10, 20)
    back = Message.objects.dead()
    assert back.count() == 20
    assert all(died[message.pk] == message.finished_at for message in back)
    assert FailureGroup.objects.get().dead_count == 20
    assert relay() == []
    end(operation, succeed=9, fail=1)
    operation = turn(operation)
    assert (operation.succeeded, operation.failed_again, operation.state) == (9, 1, BulkState.CANCELLED)


def test_a_preview_can_be_cancelled(clock):
    dead(2)
    operation = services.cancel(operation_id=previewed().pk, actor=ANN)
    assert set(operation.items.values_list("outcome", flat=True)) == {ItemOutcome.CANCELLED}
    assert Message.objects.dead().count() == 2


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (BulkState.PREVIEW, {"start", "cancel"}),
        (BulkState.RUNNING, {"pause", "cancel"}),
        (BulkState.PAUSED, {"resume", "cancel"}),
        (BulkState.STOPPED, {"resume", "cancel"}),
        (BulkState.CANCELLED, set()),
        (BulkState.FINISHED, set()),
    ],
)
def test_each_state_allows_only_its_actions(state, allowed, clock):
    dead()
    for action in ("start", "pause", "resume", "cancel"):
        operation = previewed()
        type(operation).objects.filter(pk=operation.pk).update(state=state)
        options = {"pace": Pace()} if action == "start" else {}
        if action in allowed:
            getattr(services, action)(operation_id=operation.pk, actor=ANN, **options)
        else:
            with pytest.raises(IllegalBulkTransition, match="Nothing was changed"):
                getattr(services, action)(operation_id=operation.pk, actor=ANN, **options)
            operation.refresh_from_db()
            assert operation.state == state


def test_no_action_works_without_the_permission(clock):
    dead()
    operation = previewed()
    nobody = Actor(name="bob", may=lambda codename: codename == "retry_message")
    for action in ("start", "pause", "resume", "cancel"):
        options = {"pace": Pace()} if action == "start" else {}
        with pytest.raises(PermissionDenied):
            getattr(services, action)(operation_id=operation.pk, actor=nobody, **options)
    assert Message.objects.get().state == State.DEAD
