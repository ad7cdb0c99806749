"""Pause and resume queues; run scheduled messages now."""

import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from messaging import clock, pauses
from messaging.models import Message, QueuePause, State
from messaging.operations import audit, permissions
from messaging.operations.actions.messages import require_reason
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from messaging.relay import wakeup
from messaging.topology import topology


class QueueUnknown(LookupError):
    """No such queue is declared in the settings."""


class AlreadyPaused(RuntimeError):
    """The queue is paused already; the text says by whom, since when and why."""


class NotPaused(RuntimeError):
    """The queue is not paused."""


@transaction.atomic
def pause(*, queue: str, actor: Actor, reason: str, seconds: float | None = None) -> QueuePause:
    """Pause a queue: relays publish nothing to it and workers consume nothing from it until `resume`.

    With `seconds`, the pause ends by itself. Running tasks finish. Raises `PermissionDenied`, `ReasonMissing`,
    `QueueUnknown` and `AlreadyPaused`.
    """
    actor.require(permissions.PAUSE)
    require_reason(reason)
    _require_queue(queue)
    why = {"paused_by": actor.name[:150], "reason": reason.strip()[:500]}
    try:
        with transaction.atomic():
            written = QueuePause.objects.create(queue=queue, paused_at=clock.now(), **why)
    except IntegrityError:
        raise AlreadyPaused(_already_paused(queue)) from None
    # The unique row without an end is a lock against other pauses, and is given its end only then.
    if QueuePause.objects.filter(pauses.in_force(), queue=queue).exclude(pk=written.pk).exists():
        raise AlreadyPaused(_already_paused(queue))
    if seconds is not None:
        written.resumed_at, written.resumed_by = written.paused_at + timedelta(seconds=seconds), actor.name[:150]
        written.save(update_fields=["resumed_at", "resumed_by"])
    audit.record(action="pause queue", actor=actor, reason=reason.strip(), queue=queue)
    return written


@transaction.atomic
def resume(*, queue: str, actor: Actor, reason: str = "", seen: str = "") -> None:
    """Resume a paused queue. `seen` is the id of the pause that the operator looked at, if known.

    Raises `PermissionDenied`, `QueueUnknown`, and `NotPaused`, also if the queue has been resumed and paused anew.
    """
    actor.require(permissions.PAUSE)
    _require_queue(queue)
    now = clock.now()
    in_force = QueuePause.objects.filter(pauses.in_force(), queue=queue)
    if seen and (another := next((each for each in in_force if str(each.pk) != seen), None)):
        text = _("The queue %(queue)s was paused anew, by %(who)s: %(why)s. It stays paused; look at it again.")
        raise NotPaused(text % {"queue": queue, "who": another.paused_by, "why": mask_text(another.reason)})
    if not in_force.update(resumed_at=now, resumed_by=actor.name[:150]):
        raise NotPaused(_("The queue %(queue)s is not paused.") % {"queue": queue})
    audit.record(action="resume queue", actor=actor, reason=reason, queue=queue)
    wakeup.call()


@transaction.atomic
def run_now(*, message_id: uuid.UUID, actor: Actor) -> bool:
    """Make a scheduled message due now. Returns False if it is no longer scheduled. Raises `PermissionDenied`."""
    actor.require(permissions.RETRY)
    now = clock.now()
    later = Message.objects.filter(pk=message_id, state=State.PENDING, available_at__gt=now)
    if not later.update(available_at=now):
        return False
    audit.record(action="run now", actor=actor, message_id=message_id)
    wakeup.call()
    return True


@transaction.atomic
def run_queue_now(*, queue: str, actor: Actor) -> int:
    """Make all scheduled messages of a queue due now. Returns how many. Raises `PermissionDenied`, `QueueUnknown`."""
    actor.require(permissions.RETRY)
    _require_queue(queue)
    now = clock.now()
    count = Message.objects.filter(state=State.PENDING, queue=queue, available_at__gt=now).update(available_at=now)
    if count:
        audit.record(action="run queue now", actor=actor, queue=queue, data={"messages": count})
        wakeup.call()
    return count


def _require_queue(queue: str) -> None:
    if queue not in topology().queues:
        names = ", ".join(topology().queues)
        raise QueueUnknown(_("There is no queue %(queue)s. Queues: %(names)s.") % {"queue": queue, "names": names})


def _already_paused(queue: str) -> str:
    first = pauses.current().get(queue)
    if first is None:
        return _("The queue %(queue)s was paused and resumed at the same moment. Reload the page.") % {"queue": queue}
    at, why = clock.text(first.paused_at), mask_text(first.reason)
    facts = {"queue": queue, "who": first.paused_by, "at": at, "why": why}
    return _("The queue %(queue)s has been paused by %(who)s since %(at)s: %(why)s") % facts
