"""Probe an open circuit now instead of at its next scheduled probe."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Circuit, Message, State
from messaging.operations import audit, permissions
from messaging.operations.permissions import Actor
from messaging.relay import wakeup


class CircuitClosed(RuntimeError):
    """The circuit is not open, so there is nothing to probe."""


@transaction.atomic
def probe(*, name: str, actor: Actor, reason: str = "") -> bool:
    """Probe the system `name` now, with a message that waits for it or with the next one that needs it.

    True: a waiting message is sent. A probe in flight is not repeated.
    Raises `PermissionDenied` and `CircuitClosed`.
    """
    actor.require(permissions.RETRY)
    now = timezone.now()
    if not Circuit.objects.filter(pk=name, opened_at__isnull=False).exists():
        raise CircuitClosed(_("The circuit of %(name)s is not open.") % {"name": name})
    Circuit.objects.filter(pk=name, opened_at__isnull=False, probing_since=None).update(probe_at=now)
    waiting = Message.objects.filter(state=State.PENDING, waits_for=name).order_by("-priority", "available_at")
    sent = Message.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)[:1])).update(available_at=now)
    audit.record(action="probe circuit", actor=actor, reason=reason, data={"circuit": name})
    wakeup.call()
    return bool(sent)
