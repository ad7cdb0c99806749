"""Driver of bulk retries: canary, rate limit, automatic stop, lost and duplicate turns."""

import random
from bisect import bisect_left
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import F

from messaging import outbox
from messaging.models import Message, State
from messaging.operations.bulk_retry import driver, labels, pace, services, stop_rules
from messaging.operations.failures import group_counters
from messaging.operations.models import AuditEntry, BulkOperation, BulkState, FailureGroup, ItemOutcome, SkipReason
from messaging.signals import messages_revived
from tests.messaging.operations.bulk_retry.dead import ANN, dead, end, previewed, relay, started, turn
from tests.query_plans import indexes_preferred, plans_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_turn_releases_one_second_of_messages_with_fresh_attempts(clock):
    operation = turn(started(30, rate=20))
    assert (operation.sent, operation.waiting) == (20, 10)
    sent = Message.objects.filter(state=State.PENDING, task="tests.sample")
    assert set(sent.values_list("attempts", "replayed_from", "finished_at")) == {(3, 3, None)}
    assert sent.count() == 20


def test_unsent_and_recent_messages_count_against_the_rate(clock):
    operation = turn(started(60, rate=20))
    clock.tick(5)
    assert turn(operation).sent == 20, "due and unsent messages count"
    relay()
    clock.tick(0.99)
    assert turn(operation).sent == 20
    clock.tick(0.02)
    assert turn(operation).sent == 40


@pytest.mark.parametrize("seed", range(3))
def test_the_rate_holds_while_relay_and_driver_stall(clock, seed):
    chance, rate = random.Random(seed), 50
    operation, sent = started(300, rate=rate), []
    relay_from = turn_from = clock()
    while operation.state == BulkState.RUNNING:
        clock.tick(0.05)
        if clock() >= relay_from:
            sent += [message.sent_at for message in Message.objects.filter(pk__in=[m.pk for m in relay()])]
            relay_from = clock() + timedelta(seconds=chance.choice([0, 0, 0, 0.3, 1.7]))
        if clock() >= max(turn_from, operation.next_turn_at):
            turn_from = clock() + timedelta(seconds=chance.choice([0, 0, 0.2, 2.5]))
            turn(operation)
            end(operation, succeed=Message.objects.filter(state=State.SENT).count())
    sent.sort()
    assert len(sent) == 300
    for index, moment in enumerate(sent):
        assert bisect_left(sent, moment + pace.WINDOW) - index <= rate


def test_at_most_ten_seconds_worth_is_in_flight(clock):
    operation = started(300, rate=15)
    for _ in range(20):
        turn(operation)
        relay()
        clock.tick(1.1)
    assert turn(operation).sent == 150


def test_outcomes_are_those_of_the_messages(clock):
    operation = turn(started(5, stop_ratio=1))
    relay()
    end(operation, succeed=2, fail=1)
    operation = turn(operation)
    assert (operation.succeeded, operation.failed_again, operation.sent) == (2, 1, 2)
    assert operation.state == BulkState.RUNNING
    relay()
    end(operation, succeed=2)
    operation = turn(operation)
    assert (operation.state, operation.succeeded) == (BulkState.FINISHED, 4)
    assert operation.next_turn_at is None
    assert AuditEntry.objects.filter(action="bulk finish", operation_id=operation.pk).count() == 1


def test_a_message_that_changed_after_the_preview_is_skipped(clock):
    again, discarded, purged, same = dead(4)
    operation = previewed()
    Message.objects.filter(pk=again.pk).update(sends=4)
    Message.objects.filter(pk=discarded.pk).update(state=State.DISCARDED)
    Message.objects.filter(pk=purged.pk).delete()
    start(operation)
    operation = turn(operation)
    assert (operation.sent, operation.skipped, operation.waiting) == (1, 3, 0)
    left = operation.items.filter(outcome=ItemOutcome.SKIPPED)
    assert {item.message_id: item.reason for item in left} == dict.fromkeys(
        [again.pk, discarded.pk, purged.pk], SkipReason.CHANGED
    )
    same.refresh_from_db()
    assert same.state == State.PENDING


def test_messages_that_die_after_the_preview_are_untouched(clock):
    dead(2)
    operation = previewed()
    (later,) = dead()
    start(operation)
    assert turn(operation).sent == 2
    later.refresh_from_db()
    assert later.state == State.DEAD


def test_the_rest_is_sent_once_the_canary_has_succeeded(clock):
    operation = turn(started(30, canary=10))
    assert operation.sent == 10
    relay()
    end(operation, succeed=9)
    clock.tick(2)
    assert turn(operation).waiting == 20
    end(operation, succeed=1)
    operation = turn(operation)
    assert (operation.succeeded, operation.sent, operation.canary_passed) == (10, 20, True)


def test_a_failing_canary_stops_it(clock):
    operation = turn(started(30, canary=10))
    relay()
    end(operation, succeed=1, fail=5)
    operation = turn(operation)
    assert (operation.state, operation.waiting, operation.failed_again) == (BulkState.STOPPED, 20, 5)
    assert labels.why_stopped(operation) == "5 of the first 10 failed again, so the rest was not sent."
    entry = AuditEntry.objects.get(action="bulk stop")
    assert (entry.actor, entry.reason) == ("bulk retry", labels.why_stopped(operation))
    end(operation, succeed=4)
    operation = turn(operation)
    assert (operation.succeeded, operation.next_turn_at) == (5, None)


def test_a_canary_that_an_older_release_counts_from_a_position_still_holds_the_rest_back(clock):
    operation = started(30, canary=10)
    BulkOperation.objects.filter(pk=operation.pk).update(canary_from=25)
    for _ in range(3):
        operation = turn(operation)
    assert (operation.sent, operation.waiting, operation.canary_passed) == (10, 20, False)
    relay()
    end(operation, succeed=10)
    assert turn(operation).canary_passed


def test_what_was_sent_since_the_canary_began_is_found_by_an_index(clock):
    operation = started(2000)
    operation.items.update(outcome=ItemOutcome.SUCCEEDED, sent_in=F("position") / 10)
    operation.canary_from = 199
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE operations_bulkitem")
    with indexes_preferred(), plans_of("^SELECT .*operations_bulkitem") as plans:
        assert pace.canary_items(operation).count() == 10
        assert stop_rules.check_recent(operation) is None
    assert len(plans) == 2
    for plan in plans:
        assert "operations_bulkitem_turn" in plan, plan


def test_a_canary_below_the_stop_ratio_passes(clock):
    operation = turn(started(30, canary=10))
    relay()
    end(operation, succeed=6, fail=4)
    assert turn(operation).state == BulkState.RUNNING


def test_a_canary_that_does_not_finish_in_time_stops_it(clock, settings):
    settings.CONVEYOR_BULK_CANARY_SECONDS = 60
    operation = turn(started(30, canary=10))
    relay()
    end(operation, succeed=3)
    clock.tick(59)
    assert turn(operation).state == BulkState.RUNNING
    clock.tick(2)
    operation = turn(operation)
    assert operation.state == BulkState.STOPPED
    assert labels.why_stopped(operation).startswith("Only 3 of the first 10 finished within 60 seconds")


def test_a_canary_has_its_time_also_if_the_clock_of_the_web_host_is_slow(clock, monkeypatch):
    monkeypatch.setattr(services, "timezone", SimpleNamespace(now=lambda: clock() - timedelta(hours=1)))
    assert turn(started(30, canary=10)).state == BulkState.RUNNING


def test_too_many_recent_failures_stop_it(clock):
    operation = turn(started(200, rate=100, canary=0))
    relay()
    end(operation, succeed=50)
    turn(operation)
    end(operation, fail=25)
    operation = turn(operation)
    assert operation.state == BulkState.STOPPED
    assert labels.why_stopped(operation) == "25 of the last 50 failed again, so the rest was not sent."


def test_too_few_results_do_not_stop_it(clock):
    operation = turn(started(30, rate=20))
    relay()
    end(operation, fail=9)
    assert turn(operation).state == BulkState.RUNNING


def test_an_operation_whose_messages_all_changed_is_finished(clock):
    operation = started(3)
    Message.objects.filter(state=State.DEAD).update(sends=9)
    operation = turn(operation)
    assert (operation.state, operation.skipped) == (BulkState.FINISHED, 3)


def test_a_duplicate_turn_has_no_effect(clock):
    operation = started(60, rate=20)
    for _ in range(2):
        clock.tick(2)
        with outbox.transaction():
            driver.drive(operation_id=operation.pk, turn=0)
        relay()
    operation.refresh_from_db()
    assert (operation.sent, operation.turn) == (20, 1)


def test_a_driver_killed_during_a_turn_has_sent_nothing(clock, monkeypatch):
    operation = started(30)

    def die(**kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(driver.wakeup, "call", die)
        with pytest.raises(KeyboardInterrupt):
            turn(operation)
    assert Message.objects.dead().count() == 30
    assert set(operation.items.values_list("outcome", flat=True)) == {ItemOutcome.WAITING}
    assert turn(operation).sent == 30
    assert AuditEntry.objects.filter(action="bulk retry").count() == 30


def test_a_lost_turn_is_enqueued_again(clock):
    operation = started(5)
    Message.objects.filter(task="operations.drive_bulk_retry").delete()
    assert not driver.anything_overdue()
    clock.tick(9)
    assert driver.anything_overdue()
    with outbox.transaction():
        assert driver.requeue_overdue() == 1
    message = Message.objects.get(task="operations.drive_bulk_retry")
    assert (message.payload["turn"], message.priority) == (operation.turn, 9)
    assert not driver.anything_overdue()


def test_turns_slow_down_while_nothing_changes(clock):
    operation = turn(started(3))
    assert operation.next_turn_at == clock() + timedelta(seconds=pace.QUICK)
    relay()
    for waited, delay in ((8, 2), (392, 30)):
        clock.tick(waited)
        assert turn(operation).next_turn_at == clock() + timedelta(seconds=delay)


def test_a_slice_takes_a_constant_number_of_statements(clock, django_assert_max_num_queries):
    operation = started(400, rate=200)
    with django_assert_max_num_queries(25):
        assert turn(operation).sent == 200


def test_every_retried_message_is_audited_and_leaves_its_group(clock):
    messages = dead(2, fingerprint="f1")
    for number, message in enumerate(messages):
        Message.objects.filter(pk=message.pk).update(subject=f"CV-{number}")
    for message in messages:
        group_counters.message_died(message=message, at=clock())
    revived = []

    def receive(sender, **kwargs):
        revived.extend(kwargs["messages"])

    messages_revived.connect(receive)
    try:
        turn(start(previewed()))
    finally:
        messages_revived.disconnect(receive)
    assert {message.subject for message in revived} == {"CV-0", "CV-1"}
    entries = AuditEntry.objects.filter(action="bulk retry")
    assert {entry.message_id for entry in entries} == {message.pk for message in messages}
    assert {(entry.actor, entry.group) for entry in entries} == {("ann", "f1")}
    assert FailureGroup.objects.get().dead_count == 0


def start(operation: BulkOperation) -> BulkOperation:
    return services.start(operation_id=operation.pk, pace=services.Pace(rate=200, canary=0), actor=ANN)
