"""How does an operator have a system tried at once that is held to be down?"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import permissions, trail, wakeup
from messaging.models import Circuit, Message, State
from messaging.permissions import Actor


class CircuitClosed(RuntimeError):
    """The system answers, as far as is known: there is nothing to try."""


@transaction.atomic
def probe(*, name: str, actor: Actor, reason: str = "") -> bool:
    """Have the system `name` tried now: by one of the messages that wait for it, or by the next one that needs it.

    True: one waits, and is sent. Where one tries already, its end is waited for.
    Raises `PermissionDenied` and `CircuitClosed`.
    """
    actor.require(permissions.RETRY)
    now = timezone.now()
    if not Circuit.objects.filter(pk=name, opened_at__isnull=False).exists():
        raise CircuitClosed(_("%(name)s is not held to be down.") % {"name": name})
    Circuit.objects.filter(pk=name, opened_at__isnull=False, probing_since=None).update(probe_at=now)
    waiting = Message.objects.filter(state=State.PENDING, waits_for=name).order_by("-priority", "available_at")
    sent = Message.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)[:1])).update(available_at=now)
    trail.record(action="try circuit", actor=actor, reason=reason, data={"circuit": name})
    wakeup.call()
    return bool(sent)
