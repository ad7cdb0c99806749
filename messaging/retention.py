"""Retention: deletes messages that succeeded long ago. Also the periodic audit of the invariants."""

import logging
from datetime import timedelta

from django.utils import timezone

from messaging import invariants
from messaging.models import Message, State
from messaging.models.uuid7 import first_uuid7_of
from messaging.payloads import Payload

log = logging.getLogger(__name__)


class PurgeFinished(Payload, task="messaging.purge_finished", routing_key="maintenance.purge"):
    """Delete messages that succeeded long ago. Dead ones are kept."""


class CheckInvariants(Payload, task="messaging.check_invariants", routing_key="maintenance.audit"):
    """Run the audit and log what is broken."""


def purge_finished(*, keep: timedelta, limit: int = 5000) -> int:
    """Delete up to `limit` messages that were created more than `keep` ago and are done. Returns how many.

    Ids sort by time, so the primary key finds them and inserts pay for no further index.
    """
    old = Message.objects.filter(pk__lt=first_uuid7_of(timezone.now() - keep), state=State.DONE)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    deleted, _ = Message.objects.filter(pk__in=ids, state=State.DONE).delete()
    return deleted


def check_invariants() -> int:
    """Log every broken invariant as an error. Returns how many there are."""
    broken = invariants.audit()
    for violation in broken:
        log.error("invariant broken: %s: %s", violation.invariant, violation.detail)
    return len(broken)
