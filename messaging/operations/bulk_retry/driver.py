"""Drives a bulk retry as a chain of short messages: each turn releases one slice and enqueues the next turn.

Slice, counters and next turn are committed with the turn's own completion. A driver killed halfway has changed nothing
and its message is redelivered; a duplicate turn finds the operation at a later turn and returns. Between turns nothing
is held: no worker slot, no lock, no memory.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from messaging import clock, outbox, transitions
from messaging.models import Message, State
from messaging.operations import audit
from messaging.operations.bulk_retry import labels, pace, stop_rules, subject_order
from messaging.operations.failures import quarantine
from messaging.operations.models import BulkItem, BulkOperation, BulkState, ItemOutcome, SkipReason
from messaging.operations.permissions import Actor
from messaging.payloads import Payload
from messaging.relay import wakeup
from messaging.topology import Priority
from messaging.transitions import Intervention

log = logging.getLogger(__name__)
DRIVER = Actor.system("bulk retry")
#: A turn later than this was lost with its worker or broker, and is enqueued again.
OVERDUE = timedelta(seconds=8)
_REQUEUED_AT_ONCE = 100


class DriveBulkRetry(Payload, task="operations.drive_bulk_retry", routing_key="maintenance.bulk"):
    """Take one turn of a bulk retry, if it is still at this turn."""

    operation_id: uuid.UUID
    turn: int


class RequeueOverdueTurns(Payload, task="operations.requeue_overdue_turns", routing_key="maintenance.bulk"):
    """Enqueue overdue turns again."""


def drive(*, operation_id: uuid.UUID, turn: int) -> None:
    """Take one turn in the caller's transaction: record outcomes, stop or release more, enqueue the next turn."""
    operation = BulkOperation.objects.select_for_update().filter(pk=operation_id, turn=turn).first()
    if operation is None:
        return
    now = clock.now()  # compared with due times and times of publication
    # During a rolling deploy an older release may start it: that counts the canary from a position, not from a turn.
    operation.canary_from = min(operation.canary_from, operation.turn)
    _record_outcomes(operation, now=now)
    released = _advance(operation, now=now) if operation.state == BulkState.RUNNING else 0
    operation.turn += 1
    operation.next_turn_at = None
    if operation.sent or operation.state == BulkState.RUNNING:
        delay = pace.seconds_until_next_turn(operation, released=released, now=now)
        enqueue_turn(operation, delay=delay)
    operation.save()


def enqueue_turn(operation: BulkOperation, *, delay: float = 0.0) -> None:
    """Enqueue the operation's next turn after `delay` seconds. The caller saves the operation."""
    operation.next_turn_at = clock.now() + timedelta(seconds=delay)
    payload = DriveBulkRetry(operation_id=operation.pk, turn=operation.turn)
    outbox.enqueue(payload, priority=Priority.HIGH, subject=str(operation.pk), delay=delay)


def overdue() -> QuerySet[BulkOperation]:
    """Operations whose next turn is overdue."""
    return BulkOperation.objects.filter(next_turn_at__lt=clock.now() - OVERDUE)


def anything_overdue() -> bool:
    return overdue().exists()


def requeue_overdue() -> int:
    """Enqueue some overdue turns again, in the caller's transaction. Returns how many. Duplicates have no effect."""
    late = list(overdue().select_for_update(skip_locked=True).order_by("next_turn_at")[:_REQUEUED_AT_ONCE])
    for operation in late:
        enqueue_turn(operation)
        operation.save(update_fields=["next_turn_at"])
        log.warning("bulk retry %s: turn %s was overdue; enqueued it again", operation.pk, operation.turn)
    return len(late)


def recount(operation: BulkOperation) -> None:
    """Recompute the operation's counters from its items."""
    counts = dict(operation.items.order_by().values_list("outcome").annotate(Count("id")))
    for outcome in ItemOutcome:
        setattr(operation, outcome.value, counts.get(outcome.value, 0))


def _record_outcomes(operation: BulkOperation, *, now: datetime) -> None:
    in_flight = operation.items.filter(outcome=ItemOutcome.SENT)
    finished = in_flight.filter(message__state=State.DONE).update(outcome=ItemOutcome.SUCCEEDED, at=now)
    died = (State.DEAD, State.DISCARDED)
    finished += in_flight.filter(message__state__in=died).update(outcome=ItemOutcome.FAILED_AGAIN, at=now)
    # Retention deletes what succeeded; of what it deletes otherwise, it records the outcome itself.
    is_kept = Exists(Message.objects.filter(pk=OuterRef("message_id")))
    finished += in_flight.filter(~is_kept).update(outcome=ItemOutcome.SUCCEEDED, at=now)
    if finished:
        subject_order.advance(operation, now=now)
        operation.progress_at = now
    recount(operation)


def _advance(operation: BulkOperation, *, now: datetime) -> int:
    why = stop_rules.check_canary(operation, now=now) or stop_rules.check_recent(operation)
    if why and operation.waiting:  # else there is no rest that could be kept back
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
    """Retry the next `limit` messages. Returns how many: messages that changed since the preview are skipped."""
    if limit <= 0:
        return 0
    waiting = operation.items.filter(outcome=ItemOutcome.WAITING, is_blocked=False)
    items = list(waiting.order_by("position")[:limit])
    locked = transitions.lock_dead(item.message_id for item in items)
    why = {item.pk: _why_not(item, locked.get(item.message_id)) for item in items}
    intervention = Intervention(
        actor=operation.actor, action="bulk retry", reason=operation.reason, operation_id=operation.pk
    )
    wanted = [locked[item.message_id] for item in items if not why[item.pk]]
    revived = {message.pk for message in transitions.revive_locked(wanted, intervention=intervention, now=now)}
    sent = [item for item in items if item.message_id in revived]
    _mark(sent, now=now, outcome=ItemOutcome.SENT, sent_in=operation.turn)
    left = [item for item in items if item.message_id not in revived]
    for reason in (SkipReason.CHANGED, SkipReason.QUARANTINED):
        skipped = [item for item in left if (why[item.pk] or SkipReason.CHANGED) == reason]
        _mark(skipped, now=now, outcome=ItemOutcome.SKIPPED, reason=reason)
    subject_order.unblock(operation, chains=[item.chain for item in left if item.chain is not None])
    operation.waiting -= len(items)
    operation.sent += len(sent)
    operation.skipped += len(left)
    operation.progress_at = now
    wakeup.call()
    return len(sent)


def _why_not(item: BulkItem, message: Message | None) -> SkipReason | None:
    """Why a message is not sent that was to be sent at the preview. The setting of the quarantine may have changed."""
    if message is None or (message.sends, message.finished_at) != (item.sends, item.died_at):
        return SkipReason.CHANGED
    return SkipReason.QUARANTINED if quarantine.is_quarantined(message) else None


def _mark(items: list[BulkItem], *, now: datetime, **changes: Any) -> None:
    if items:
        BulkItem.objects.filter(pk__in=[item.pk for item in items]).update(at=now, **changes)
