"""Probe an open circuit now instead of at its next scheduled probe; close those that nothing probes any more."""

import logging
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from messaging import circuit_breaker
from messaging.conf import settings
from messaging.models import Circuit, Message, State
from messaging.operations import audit, permissions
from messaging.operations.permissions import Actor
from messaging.relay import wakeup

log = logging.getLogger(__name__)
#: A circuit need not be registered: one that was not probed for so long is no longer in use.
_UNUSED: Final = timedelta(hours=1)


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


def close_unused() -> int:
    """Close open circuits that no call can close any more, which would count as an outage for good. Returns how many.

    All of them while the circuit breaker is disabled; otherwise those of systems that are no longer configured.
    """
    unused = Circuit.objects.filter(opened_at__isnull=False)
    if settings.CONVEYOR_CIRCUIT_FAILURES:
        unused = unused.filter(probe_at__lt=Now() - _UNUSED).exclude(pk__in=circuit_breaker.labels())
    closed = unused.update(opened_at=None, probe_at=None, probing_since=None, failing=[], closed_at=Now())
    if closed:
        log.warning("%s circuits closed: the breaker is disabled, or their systems are no longer configured", closed)
    return closed
