"""How does an operator stop a queue, let it go on, and send sooner what waits for its time?"""

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import pauses, permissions, trail, wakeup
from messaging.masking import mask_text
from messaging.models import Message, QueuePause, State
from messaging.permissions import Actor
from messaging.services.wishes import need_reason
from messaging.topology import topology


class QueueUnknown(LookupError):
    """No such queue is declared in the settings."""


class AlreadyPaused(RuntimeError):
    """Somebody was first; the text says who, when and why."""


class NotPaused(RuntimeError):
    """There is nothing to resume, or somebody was first."""


@transaction.atomic
def pause(*, queue: str, actor: Actor, reason: str) -> QueuePause:
    """Stop a queue: relays send it nothing and workers take nothing from it, until `resume`.

    Tasks that have begun come to their end. Raises `PermissionDenied`, `ReasonMissing`, `QueueUnknown` and
    `AlreadyPaused`.
    """
    actor.require(permissions.PAUSE)
    need_reason(reason)
    _need_queue(queue)
    try:
        with transaction.atomic():
            written = QueuePause.objects.create(queue=queue, paused_by=actor.name[:150], reason=reason.strip()[:500])
    except IntegrityError:
        raise AlreadyPaused(_who_was_first(queue)) from None
    trail.record(action="pause queue", actor=actor, reason=reason.strip(), queue=queue)
    return written


@transaction.atomic
def resume(*, queue: str, actor: Actor, reason: str = "") -> None:
    """Let a paused queue go on. Raises `PermissionDenied`, `QueueUnknown` and `NotPaused`."""
    actor.require(permissions.PAUSE)
    _need_queue(queue)
    now = timezone.now()
    if not QueuePause.objects.filter(queue=queue, resumed_at=None).update(resumed_at=now, resumed_by=actor.name[:150]):
        raise NotPaused(_("The queue %(queue)s is not paused.") % {"queue": queue})
    trail.record(action="resume queue", actor=actor, reason=reason, queue=queue)
    wakeup.call()


@transaction.atomic
def hurry(*, message_id: uuid.UUID, actor: Actor) -> bool:
    """Send a message now that is due later. False: it does not wait for its time. Raises `PermissionDenied`."""
    actor.require(permissions.RETRY)
    now = timezone.now()
    later = Message.objects.filter(pk=message_id, state=State.PENDING, available_at__gt=now)
    if not later.update(available_at=now):
        return False
    trail.record(action="hurry", actor=actor, message_id=message_id)
    wakeup.call()
    return True


@transaction.atomic
def hurry_queue(*, queue: str, actor: Actor) -> int:
    """Let all that is due later in a queue be sent now; how many. Raises `PermissionDenied` and `QueueUnknown`."""
    actor.require(permissions.RETRY)
    _need_queue(queue)
    now = timezone.now()
    count = Message.objects.filter(state=State.PENDING, queue=queue, available_at__gt=now).update(available_at=now)
    if count:
        trail.record(action="hurry queue", actor=actor, queue=queue, data={"messages": count})
        wakeup.call()
    return count


def _need_queue(queue: str) -> None:
    if queue not in topology().queues:
        names = ", ".join(topology().queues)
        raise QueueUnknown(_("No queue is called %(queue)s. There are: %(names)s.") % {"queue": queue, "names": names})


def _who_was_first(queue: str) -> str:
    first = pauses.current().get(queue)
    if first is None:
        return _("The queue %(queue)s was paused and resumed at this very moment; look again.") % {"queue": queue}
    at, why = f"{first.paused_at:%Y-%m-%d %H:%M:%S}", mask_text(first.reason)
    facts = {"queue": queue, "who": first.paused_by, "at": at, "why": why}
    return _("The queue %(queue)s is paused already, by %(who)s since %(at)s UTC: %(why)s") % facts
