"""What does the ledger need done from time to time?"""

import logging
from datetime import timedelta

from django.utils import timezone

from messaging import invariants
from messaging.models import Message, State
from messaging.payloads import Payload
from messaging.uuids import first_uuid7_of

log = logging.getLogger(__name__)


class PurgeFinished(Payload, task="messaging.purge_finished", routing_key="maintenance.purge"):
    """Delete messages that succeeded long ago. Dead and discarded ones stay."""


class CheckInvariants(Payload, task="messaging.check_invariants", routing_key="maintenance.audit"):
    """Run the audit and log what is broken, so that nobody has to think of running it."""


class CountMinutes(Payload, task="messaging.count_minutes", routing_key="maintenance.count"):
    """Count what went through each queue since the last time, for the charts of the queues' page."""


def purge_finished(*, keep: timedelta, limit: int = 5000) -> int:
    """Delete up to `limit` messages that were made, and done, more than `keep` ago; how many.

    Ids sort by time, so that the primary key finds them and no further index is paid for on every insert.
    """
    old = Message.objects.filter(pk__lt=first_uuid7_of(timezone.now() - keep), state=State.DONE)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    deleted, _ = Message.objects.filter(pk__in=ids, state=State.DONE).delete()
    return deleted


def check_invariants() -> int:
    """Log every broken invariant as an error; how many there are."""
    broken = invariants.audit()
    for violation in broken:
        log.error("invariant broken: %s: %s", violation.invariant, violation.detail)
    return len(broken)
