"""Who moves a bulk operation on? A chain of short messages: each turn does one slice and enqueues the next turn.

Slice, counters and next turn are committed with the turn's own "done". So a driver that is killed in the middle has
done nothing, and its message comes again; a turn that comes twice finds the operation at a later turn, and ends.
Between two turns nothing is held: no worker's slot, no lock, no memory.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from messaging import outbox, transitions
from messaging.models import Message, State
from messaging.operations import audit
from messaging.operations.bulk_retry import labels, pace, stop_rules
from messaging.operations.models import BulkItem, BulkOperation, BulkState, ItemOutcome, SkipReason
from messaging.operations.permissions import Actor
from messaging.payloads import Payload
from messaging.relay import wakeup
from messaging.topology import Priority
from messaging.transitions import Intervention

log = logging.getLogger(__name__)
DRIVER = Actor.system("bulk retry")
#: A turn that is later than this was lost with its worker or its broker, and is enqueued once more.
OVERDUE = timedelta(seconds=8)


class DriveBulkRetry(Payload, task="operations.drive_bulk_retry", routing_key="maintenance.bulk"):
    """Do one turn of a bulk operation, if it still is at this turn."""

    operation_id: uuid.UUID
    turn: int


class RequeueOverdueTurns(Payload, task="operations.requeue_overdue_turns", routing_key="maintenance.bulk"):
    """Enqueue the turns that are overdue once more."""


def drive(*, operation_id: uuid.UUID, turn: int) -> None:
    """One turn, in the caller's transaction: see what has ended, stop or go on, and enqueue the next turn."""
    operation = BulkOperation.objects.select_for_update().filter(pk=operation_id, turn=turn).first()
    if operation is None:
        return
    now = timezone.now()
    _see_what_ended(operation, now=now)
    released = _go_on(operation, now=now) if operation.state == BulkState.RUNNING else 0
    operation.turn += 1
    operation.next_turn_at = None
    if operation.sent or operation.state == BulkState.RUNNING:
        delay = pace.seconds_until_next_turn(operation, released=released, now=now)
        enqueue_turn(operation, delay=delay)
    operation.save()


def enqueue_turn(operation: BulkOperation, *, delay: float = 0.0) -> None:
    """The operation's next turn after `delay` seconds; the caller saves the operation."""
    operation.next_turn_at = timezone.now() + timedelta(seconds=delay)
    payload = DriveBulkRetry(operation_id=operation.pk, turn=operation.turn)
    outbox.enqueue(payload, priority=Priority.HIGH, subject=str(operation.pk), delay=delay)


def overdue() -> QuerySet[BulkOperation]:
    """Operations whose next turn should have been long ago."""
    return BulkOperation.objects.filter(next_turn_at__lt=timezone.now() - OVERDUE)


def anything_overdue() -> bool:
    return overdue().exists()


def requeue_overdue() -> int:
    """Enqueue overdue turns again, in the caller's transaction; how many. Of two that then come, one has an effect."""
    late = list(overdue().select_for_update(skip_locked=True))
    for operation in late:
        enqueue_turn(operation)
        operation.save(update_fields=["next_turn_at"])
        log.warning("bulk retry %s: turn %s was overdue and is enqueued again", operation.pk, operation.turn)
    return len(late)


def count(operation: BulkOperation) -> None:
    """Set the operation's counters to what its items say."""
    counts = dict(operation.items.order_by().values_list("outcome").annotate(Count("id")))
    for outcome in ItemOutcome:
        setattr(operation, outcome.value, counts.get(outcome.value, 0))


def _see_what_ended(operation: BulkOperation, *, now: datetime) -> None:
    under_way = operation.items.filter(outcome=ItemOutcome.SENT)
    ended = under_way.filter(message__state=State.DONE).update(outcome=ItemOutcome.SUCCEEDED, at=now)
    died = (State.DEAD, State.DISCARDED)
    ended += under_way.filter(message__state__in=died).update(outcome=ItemOutcome.FAILED_AGAIN, at=now)
    if ended:
        operation.progress_at = now
    count(operation)


def _go_on(operation: BulkOperation, *, now: datetime) -> int:
    why = stop_rules.look_at_canary(operation, now=now) or stop_rules.look_at_the_last(operation)
    if why:
        _stop(operation, why, now=now)
        return 0
    released = _release(operation, limit=pace.allowance(operation, now=now), now=now)
    if not operation.waiting and not operation.sent:
        operation.state, operation.finished_at = BulkState.FINISHED, now
        audit.record(action="bulk finish", actor=DRIVER, operation_id=operation.pk)
    return released


def _stop(operation: BulkOperation, why: dict[str, Any], *, now: datetime) -> None:
    operation.state, operation.stopped_for, operation.finished_at = BulkState.STOPPED, why, now
    sentence = str(labels.why_stopped(operation))
    audit.record(action="bulk stop", actor=DRIVER, operation_id=operation.pk, reason=sentence, data=why)
    log.warning("bulk retry %s stopped: %s", operation.pk, sentence)


def _release(operation: BulkOperation, *, limit: int, now: datetime) -> int:
    """Send the next `limit` messages again; how many went, since those that changed meanwhile are left alone."""
    if limit <= 0:
        return 0
    items = list(operation.items.filter(outcome=ItemOutcome.WAITING).order_by("position")[:limit])
    locked = transitions.lock_dead(item.message_id for item in items)
    same = [item for item in items if _unchanged(item, locked.get(item.message_id))]
    intervention = Intervention(
        actor=operation.actor, action="bulk retry", reason=operation.reason, operation_id=operation.pk
    )
    unchanged = [locked[item.message_id] for item in same]
    gone = {message.pk for message in transitions.revive_locked(unchanged, intervention=intervention, now=now)}
    _mark([item for item in items if item.message_id in gone], now=now, outcome=ItemOutcome.SENT)
    changed = [item for item in items if item.message_id not in gone]
    _mark(changed, now=now, outcome=ItemOutcome.SKIPPED, reason=SkipReason.CHANGED)
    operation.waiting -= len(items)
    operation.sent += len(gone)
    operation.skipped += len(changed)
    operation.progress_at = now
    wakeup.call()
    return len(gone)


def _unchanged(item: BulkItem, message: Message | None) -> bool:
    return message is not None and (message.sends, message.finished_at) == (item.sends, item.died_at)


def _mark(items: list[BulkItem], *, now: datetime, **changes: Any) -> None:
    if items:
        BulkItem.objects.filter(pk__in=[item.pk for item in items]).update(at=now, **changes)
