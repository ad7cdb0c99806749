"""What can a person wish of a bulk operation? Each wish is one transaction, and leaves its trace."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import outbox, transitions
from messaging.models import Message, State
from messaging.operations import audit, permissions
from messaging.operations.bulk_retry import driver
from messaging.operations.bulk_retry.selection import Selection
from messaging.operations.bulk_retry.verdicts import Skip, skips
from messaging.operations.models import BulkItem, BulkOperation, BulkState, ItemOutcome, Verdict
from messaging.operations.permissions import Actor
from messaging.transitions import Intervention

MOST = 100_000
_CHUNK = 1000
#: From which states a wish leads to which.
MOVES: dict[str, tuple[tuple[BulkState, ...], BulkState]] = {
    "start": ((BulkState.PREVIEW,), BulkState.RUNNING),
    "pause": ((BulkState.RUNNING,), BulkState.PAUSED),
    "resume": ((BulkState.PAUSED, BulkState.STOPPED), BulkState.RUNNING),
    "cancel": ((BulkState.PREVIEW, BulkState.RUNNING, BulkState.PAUSED, BulkState.STOPPED), BulkState.CANCELLED),
}


class TooMany(ValueError):
    """More messages fit than one operation takes."""


class WrongPace(ValueError):
    """A rate, canary or stop ratio that makes no sense; `field` names it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class NotNow(ValueError):
    """The operation is in a state from which the wish does not lead on, such as a pause of what is finished."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """At most `rate` messages a second; the first `canary` alone, 0 for none; stop when the share `stop_ratio` of them,
    or later of the last that ended, failed again."""

    rate: int = 50
    canary: int = 10
    stop_ratio: float = 0.5

    def check(self) -> None:
        """Raises `WrongPace`."""
        if not 1 <= self.rate <= 10_000:
            raise WrongPace("rate", _("The rate is from 1 to 10,000 messages a second."))
        if not 0 <= self.canary <= 1000:
            raise WrongPace("canary", _("The canary is from 0 to 1,000 messages."))
        if not 0 < self.stop_ratio <= 1:
            raise WrongPace("stop_ratio", _("The stop ratio is above 0 and at most 1."))


def preview(*, selection: Selection, actor: Actor, reason: str = "") -> BulkOperation:
    """Freeze what is chosen, and judge each message: will it go, or why not? Nothing is sent.

    Raises `PermissionDenied`, and `TooMany` above 100,000 messages.
    """
    actor.require(permissions.BULK)
    ids = list(selection.messages.order_by("finished_at", "id").values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise TooMany(_("More than 100,000 messages fit. Please narrow the choice."))
    with transaction.atomic():
        operation = BulkOperation.objects.create(actor=actor.name[:150], reason=reason[:500], chosen=selection.chosen)
        for start in range(0, len(ids), _CHUNK):
            _freeze(operation, ids[start : start + _CHUNK], start=start)
        driver.count(operation)
        operation.will_go = operation.waiting
        operation.save()
        _record("preview", operation, actor, reason, {"will_go": operation.will_go, "skipped": operation.skipped})
    return operation


def start(*, operation_id: uuid.UUID, pace: Pace, actor: Actor, reason: str = "") -> BulkOperation:
    """Let a preview go. Raises `PermissionDenied`, `WrongPace`, `NotNow`, `BulkOperation.DoesNotExist`."""
    actor.require(permissions.BULK)
    pace.check()
    with outbox.transaction():
        operation = _moved("start", operation_id)
        if not operation.waiting:
            raise NotNow(_("None of these messages will go, so there is nothing to start."))
        operation.rate, operation.canary, operation.stop_ratio = pace.rate, pace.canary, pace.stop_ratio
        operation.reason = reason[:500] or operation.reason
        operation.started_at = timezone.now()
        _set_off(operation)
        _record("start", operation, actor, operation.reason, _pace_of(operation))
    return operation


def pause(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> BulkOperation:
    """Send no more until it is resumed. Raises as `resume`."""
    actor.require(permissions.BULK)
    with outbox.transaction():
        operation = _moved("pause", operation_id)
        operation.save()
        _record("pause", operation, actor, reason)
    return operation


def resume(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> BulkOperation:
    """Go on after a pause; after a stop with a new canary. Raises `PermissionDenied`, `NotNow`,
    `BulkOperation.DoesNotExist`."""
    actor.require(permissions.BULK)
    with outbox.transaction():
        operation = _moved("resume", operation_id)
        operation.finished_at = None
        _set_off(operation, again=operation.stopped_for is not None)
        _record("resume", operation, actor, reason)
    return operation


def cancel(*, operation_id: uuid.UUID, actor: Actor, reason: str = "") -> BulkOperation:
    """Send no more, for good. What is due but not sent yet is taken back; what was sent comes to its end.

    It does not wait for the driver. Raises as `resume`.
    """
    actor.require(permissions.BULK)
    with outbox.transaction():
        operation = _moved("cancel", operation_id)
        now = timezone.now()
        operation.items.filter(outcome=ItemOutcome.WAITING).update(outcome=ItemOutcome.CANCELLED, at=now)
        _take_back(operation)
        driver.count(operation)
        operation.finished_at = now
        operation.save()
        _record("cancel", operation, actor, reason, {"cancelled": operation.cancelled})
    return operation


def _freeze(operation: BulkOperation, ids: list[uuid.UUID], *, start: int) -> None:
    found = Message.objects.defer("raw_body", "raw_headers").in_bulk(ids)
    why = skips(found.values())
    BulkItem.objects.bulk_create(
        _item(operation, found[id_], position, why.get(id_)) for position, id_ in enumerate(ids, start) if id_ in found
    )


def _item(operation: BulkOperation, message: Message, position: int, skip: Skip | None) -> BulkItem:
    item = BulkItem(
        operation=operation,
        message=message,
        position=position,
        sends=message.sends,
        died_at=message.finished_at,
    )
    if skip:
        item.verdict, item.outcome = Verdict.SKIPPED, ItemOutcome.SKIPPED
        item.reason, item.detail = skip.reason, skip.detail
    return item


def _moved(wish: str, operation_id: uuid.UUID) -> BulkOperation:
    """The locked operation in its next state, not saved yet."""
    operation = BulkOperation.objects.select_for_update().get(pk=operation_id)
    sources, target = MOVES[wish]
    if operation.state not in sources:
        state = operation.get_state_display()
        raise NotNow(_("Nothing was changed: the bulk retry is %(state)s.") % {"state": state})
    operation.state = target
    return operation


def _set_off(operation: BulkOperation, *, again: bool = True) -> None:
    """Begin a canary if `again`, and let the driver take its next turn at once."""
    now = timezone.now()
    if again:
        first = operation.items.filter(outcome=ItemOutcome.WAITING).aggregate(Min("position"))["position__min"]
        operation.canary_from = first or 0
        operation.canary_passed = operation.canary == 0
        operation.stopped_for = None
    operation.canary_since = operation.progress_at = now
    driver.enqueue_turn(operation)
    operation.save()


def _take_back(operation: BulkOperation) -> None:
    """What no relay has claimed since it was released is dead again, and waits as before."""
    sent = operation.items.filter(outcome=ItemOutcome.SENT)
    unclaimed = sent.filter(message__state=State.PENDING, message__sends=F("sends"))
    intervention = Intervention(actor=operation.actor, action="bulk cancel", operation_id=operation.pk)
    taken = transitions.unrevive(
        dict(unclaimed.values_list("message_id", "sends")),
        died_at=operation.items.values("died_at"),
        intervention=intervention,
    )
    sent.filter(message_id__in=taken).update(outcome=ItemOutcome.CANCELLED, at=timezone.now())


def _pace_of(operation: BulkOperation) -> dict[str, Any]:
    return {"rate": operation.rate, "canary": operation.canary, "stop_ratio": operation.stop_ratio}


def _record(
    wish: str, operation: BulkOperation, actor: Actor, reason: str = "", data: dict[str, Any] | None = None
) -> None:
    audit.record(action=f"bulk {wish}", actor=actor, reason=reason, operation_id=operation.pk, data=data)
