"""Probe an open circuit now instead of at its next scheduled probe."""

from django.db import transaction
from django.db.models.functions import Now
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
    if not Circuit.objects.filter(pk=name, opened_at__isnull=False).exists():
        raise CircuitClosed(_("The circuit of %(name)s is not open.") % {"name": name})
    Circuit.objects.filter(pk=name, opened_at__isnull=False, probing_since=None).update(probe_at=Now())
    waiting = Message.objects.filter(state=State.PENDING, waits_for=name).exclude(waits_for="")
    first = list(waiting.order_by("-priority", "available_at").values_list("pk", flat=True)[:1])
    sent = waiting.filter(pk__in=first).update(available_at=Now())
    audit.record(action="probe circuit", actor=actor, reason=reason, data={"circuit": name})
    wakeup.call()
    return bool(sent)
