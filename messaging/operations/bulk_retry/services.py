"""Operator actions on bulk retries. Each is one transaction and one entry in the audit log."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import clock, outbox, transitions
from messaging.models import Message, State
from messaging.operations import audit, permissions
from messaging.operations.bulk_retry import driver, subject_order
from messaging.operations.bulk_retry.selection import Selection
from messaging.operations.bulk_retry.verdicts import Skip, skips
from messaging.operations.models import BulkItem, BulkOperation, BulkState, ItemOutcome, Verdict
from messaging.operations.permissions import Actor
from messaging.transitions import Intervention

MAX_MESSAGES = 100_000
_CHUNK = 1000
#: The states each action is allowed in, and the state it leads to.
MOVES: dict[str, tuple[tuple[BulkState, ...], BulkState]] = {
    "start": ((BulkState.PREVIEW,), BulkState.RUNNING),
    "pause": ((BulkState.RUNNING,), BulkState.PAUSED),
    "resume": ((BulkState.PAUSED, BulkState.STOPPED), BulkState.RUNNING),
    "cancel": ((BulkState.PREVIEW, BulkState.RUNNING, BulkState.PAUSED, BulkState.STOPPED), BulkState.CANCELLED),
}


class TooManyMessages(ValueError):
    """The selection is larger than one bulk retry may be."""


class InvalidPace(ValueError):
    """A rate, canary or stop ratio is out of range; `field` names it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class IllegalBulkTransition(ValueError):
    """The operation's state does not allow the action, such as a pause once it has finished."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """At most `rate` messages a second; the first `canary` messages go alone (0: no canary); stop when the share
    `stop_ratio` of them, or later of the last to finish, failed again."""

    rate: int = 50
    canary: int = 10
    stop_ratio: float = 0.5

    def check(self) -> None:
        """Raises `InvalidPace`."""
        if not 1 <= self.rate <= 10_000:
            raise InvalidPace("rate", _("The rate must be between 1 and 10,000 messages per second."))
        if not 0 <= self.canary <= 1000:
            raise InvalidPace("canary", _("The canary must be between 0 and 1,000 messages."))
        if not 0 < self.stop_ratio <= 1:
            raise InvalidPace("stop_ratio", _("The stop ratio must be above 0 and at most 1."))


def preview(*, selection: Selection, actor: Actor, reason: str = "") -> BulkOperation:
    """Freeze the selection and decide for each message whether it will be retried. Nothing is sent.

    Raises `PermissionDenied`, and `TooManyMessages` above 100,000 messages.
    """
    actor.require(permissions.BULK)
    ids = subject_order.ids(selection.messages, limit=MAX_MESSAGES + 1)
    if len(ids) > MAX_MESSAGES:
        raise TooManyMessages(_("More than 100,000 messages match. Narrow the selection."))
    with transaction.atomic():
        operation = BulkOperation.objects.create(actor=actor.name[:150], reason=reason[:500], chosen=selection.chosen)
        chains: dict[str, int] = {}
        for start in range(0, len(ids), _CHUNK):
            _freeze(operation, ids[start : start + _CHUNK], start=start, chains=chains)
        driver.recount(operation)
        operation.will_go = operation.waiting
        operation.save()
        _record("preview", operation, actor, reason, {"will_go": operation.will_go, "skipped": operation.skipped})
    return operation


def start(*, operation_id: uuid.UUID, pace: Pace, actor: Actor, reason: str = "") -> BulkOperation:
    """Start a previewed bulk retry. Raises as `resume`, and `InvalidPace`."""
    actor.require(permissions.BULK)
    pace.check()
    with outbox.transaction():
        operation = _transition("start", operation_id)
        if not operation.waiting:
            raise IllegalBulkTransition(_("Nothing to start: none of these messages will be retried."))
        operation.rate, operation.canary, operation.stop_ratio = pace.rate, pace.canary, pace.stop_ratio
        operation.reason = reason[:500] or operation.reason
        operation.started_at = timezone.now()
        _schedule_driver(operation)
        _record("start", operation, actor, operation.reason, _pace_of(operation))
    return operation


def pause(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> BulkOperation:
    """Send no more messages until it is resumed. Raises as `resume`."""
    actor.require(permissions.BULK)
    with outbox.transaction():
        operation = _transition("pause", operation_id)
        operation.save()
        _record("pause", operation, actor, reason)
    return operation


def resume(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> BulkOperation:
    """Resume after a pause, or after an automatic stop with a new canary.

    Raises `PermissionDenied`, `IllegalBulkTransition`, `BulkOperation.DoesNotExist`.
    """
    actor.require(permissions.BULK)
    with outbox.transaction():
        operation = _transition("resume", operation_id)
        operation.finished_at = None
        _schedule_driver(operation, new_canary=operation.stopped_for is not None)
        _record("resume", operation, actor, reason)
    return operation


def cancel(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> BulkOperation:
    """Send no more messages. Those due but not claimed yet become dead again; those already sent will finish.

    Does not wait for the driver. Raises as `resume`.
    """
    actor.require(permissions.BULK)
    with outbox.transaction():
        operation = _transition("cancel", operation_id)
        now = timezone.now()
        operation.items.filter(outcome=ItemOutcome.WAITING).update(outcome=ItemOutcome.CANCELLED, at=now)
        _revoke_unclaimed(operation)
        driver.recount(operation)
        operation.finished_at = now
        operation.save()
        _record("cancel", operation, actor, reason, {"cancelled": operation.cancelled})
    return operation


def _freeze(operation: BulkOperation, ids: list[uuid.UUID], *, start: int, chains: dict[str, int]) -> None:
    found = Message.objects.defer("raw_body", "raw_headers").in_bulk(ids)
    why = skips(found.values())
    items = [
        _item(operation, found[id_], position, why.get(id_)) for position, id_ in enumerate(ids, start) if id_ in found
    ]
    subject_order.link(items, chains=chains)
    BulkItem.objects.bulk_create(items)


def _item(operation: BulkOperation, message: Message, position: int, skip: Skip | None) -> BulkItem:
    item = BulkItem(
        operation=operation, message=message, position=position, sends=message.sends, died_at=message.finished_at
    )
    if skip:
        item.verdict, item.outcome = Verdict.SKIPPED, ItemOutcome.SKIPPED
        item.reason, item.detail = skip.reason, skip.detail
    return item


def _transition(action: str, operation_id: uuid.UUID) -> BulkOperation:
    """The locked operation in its next state, not saved yet. Raises `IllegalBulkTransition`."""
    operation = BulkOperation.objects.select_for_update().get(pk=operation_id)
    sources, target = MOVES[action]
    if operation.state not in sources:
        state = operation.get_state_display()
        raise IllegalBulkTransition(_("Nothing was changed: the bulk retry is %(state)s.") % {"state": state})
    operation.state = target
    return operation


def _schedule_driver(operation: BulkOperation, *, new_canary: bool = True) -> None:
    """Enqueue the driver's next turn for now, after resetting the canary if `new_canary`."""
    now = clock.now()  # the driver's, which measures from it
    if new_canary:
        operation.canary_from = operation.turn
        operation.canary_passed = operation.canary == 0
        operation.stopped_for = None
    operation.canary_since = operation.progress_at = now
    driver.enqueue_turn(operation)
    operation.save()


def _revoke_unclaimed(operation: BulkOperation) -> None:
    """Make released messages that no relay has claimed dead again, as they were."""
    sent = operation.items.filter(outcome=ItemOutcome.SENT)
    unclaimed = sent.filter(message__state=State.PENDING, message__sends=F("sends"))
    intervention = Intervention(actor=operation.actor, action="bulk cancel", operation_id=operation.pk)
    revoked = transitions.unrevive(
        dict(unclaimed.values_list("message_id", "sends")),
        died_at=operation.items.values("died_at"),
        intervention=intervention,
    )
    sent.filter(message_id__in=revoked).update(outcome=ItemOutcome.CANCELLED, at=timezone.now())


def _pace_of(operation: BulkOperation) -> dict[str, Any]:
    return {"rate": operation.rate, "canary": operation.canary, "stop_ratio": operation.stop_ratio}


def _record(
    action: str, operation: BulkOperation, actor: Actor, reason: str = "", data: dict[str, Any] | None = None
) -> None:
    audit.record(action=f"bulk {action}", actor=actor, reason=reason, operation_id=operation.pk, data=data)
