"""Retention of bulk retries: expired ones are deleted, their audit entries stay."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import scheduler
from messaging.models import Message, State
from messaging.operations import retention
from messaging.operations.bulk_retry import services
from messaging.operations.models import AuditEntry, BulkItem, BulkOperation, BulkState, QueueMinute
from messaging.retention import purge_finished
from tests.delivery import deliver_due
from tests.messaging.deliver import deliver
from tests.messaging.operations.bulk_retry.dead import ANN, dead, end, previewed, relay, started, turn

pytestmark = pytest.mark.django_db(transaction=True)
KEEP = timedelta(days=90)
LONG_AGO = timezone.now() - timedelta(days=91)


def finished() -> BulkOperation:
    operation = started(2)
    turn(operation)
    relay()
    end(operation, succeed=2)
    return turn(operation)


def test_an_expired_operation_is_deleted_with_its_items_and_stays_in_the_audit_log():
    operation = finished()
    assert operation.state == BulkState.FINISHED
    assert retention.purge_bulk_retries(keep=KEEP) == 0
    BulkOperation.objects.update(finished_at=LONG_AGO)
    before = AuditEntry.objects.filter(operation_id=operation.pk).count()
    assert retention.purge_bulk_retries(keep=KEEP) == 1
    assert not BulkOperation.objects.exists()
    assert not BulkItem.objects.exists()
    assert Message.objects.filter(state=State.DONE).count() == 2
    assert AuditEntry.objects.filter(operation_id=operation.pk).count() == before
    (kept,) = AuditEntry.objects.get(action="purge").data["bulk"]
    assert (kept["id"], kept["actor"], kept["succeeded"]) == (str(operation.pk), "ann", 2)


def test_an_expired_preview_is_deleted():
    dead()
    previewed()
    assert retention.purge_bulk_retries(keep=KEEP) == 0
    BulkOperation.objects.update(created_at=LONG_AGO)
    assert retention.purge_bulk_retries(keep=KEEP) == 1


def test_running_and_paused_operations_are_kept_whatever_their_age():
    operation = started(2)
    services.pause(operation_id=operation.pk, actor=ANN)
    BulkOperation.objects.update(created_at=LONG_AGO, started_at=LONG_AGO)
    assert retention.purge_bulk_retries(keep=KEEP) == 0
    services.resume(operation_id=operation.pk, actor=ANN)
    assert retention.purge_bulk_retries(keep=KEEP) == 0


def test_the_periodic_purge_includes_bulk_retries(settings):
    settings.CONVEYOR_KEEP_BULK_DAYS = 1
    finished()
    BulkOperation.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert deliver(scheduler.tick("operations.purge_expired")).state == State.DONE
    assert not BulkOperation.objects.exists()


def test_a_large_operation_is_deleted_in_bounded_batches_and_cannot_be_resumed_meanwhile():
    operation = started(5)
    BulkOperation.objects.update(state=BulkState.STOPPED, finished_at=LONG_AGO, next_turn_at=None)
    assert retention.purge_bulk_retries(keep=KEEP, limit=2) == 1
    assert BulkItem.objects.count() == 3
    with pytest.raises(services.IllegalBulkTransition):
        services.resume(operation_id=operation.pk, actor=ANN)
    assert retention.purge_bulk_retries(keep=KEEP, limit=2) == 1
    assert retention.purge_bulk_retries(keep=KEEP, limit=2) == 1
    assert not BulkOperation.objects.exists()
    assert AuditEntry.objects.filter(action="purge").count() == 1
    assert retention.purge_bulk_retries(keep=KEEP, limit=2) == 0


def test_one_run_deletes_all_that_is_expired(settings):
    settings.CONVEYOR_KEEP_DISCARDED_DAYS = 1
    dead(501, state=State.DISCARDED, finished_at=LONG_AGO)
    QueueMinute.objects.bulk_create(QueueMinute(queue=f"q{n}", minute=LONG_AGO) for n in range(1001))
    scheduler.tick("operations.purge_expired")
    deliver_due()
    assert not Message.objects.filter(state=State.DISCARDED).exists()
    assert not QueueMinute.objects.exists()
    assert not Message.objects.live().exists()


def test_a_bulk_retry_ends_although_its_messages_were_purged():
    """Those that succeeded count as succeeded, discarded ones as failed."""
    operation = started(3)
    turn(operation)
    relay()
    end(operation, succeed=2, fail=1)
    Message.objects.filter(state=State.DONE).update(finished_at=LONG_AGO)
    Message.objects.filter(state=State.DEAD).update(state=State.DISCARDED, finished_at=LONG_AGO)
    assert purge_finished(keep=KEEP) == 2
    assert retention.purge_discarded(keep=KEEP) == 1
    operation = turn(operation)
    assert (operation.state, operation.succeeded, operation.failed_again) == (BulkState.FINISHED, 2, 1)
    assert operation.sent == 0
