"""Messages of tasks that no worker knew: revived by themselves once a relay of a newer release knows the task.

A message of the ledger waits for such a worker instead; only one that was published past the ledger is dead meanwhile.
"""

import logging
from itertools import product

from django.db import transaction

from messaging import clock, transitions
from messaging.models import Message
from messaging.payloads import registered_payloads
from messaging.relay import wakeup
from messaging.topology import topology
from messaging.transitions import Intervention
from messaging.transitions.failure import synthetic_failure

log = logging.getLogger(__name__)
KIND = "UnknownTask"
LIMIT = 1000
_BY_ITSELF = Intervention(actor="relay", action="retry", reason="This release knows the task.")


@transaction.atomic
def revive_known() -> int:
    """Revive up to `LIMIT` of them, each once: whatever it dies of then waits for an operator. Returns how many."""
    dead = Message.objects.dead().filter(fingerprint__in=_groups(), error_type=KIND, replayed_from=0)
    locked = transitions.lock_dead(dead.values_list("pk", flat=True)[:LIMIT])
    revived = transitions.revive_locked(
        list(locked.values()),
        intervention=_BY_ITSELF,
        now=clock.now(),
        revivals=0,  # no operator retried them: it does not count towards their quarantine
    )
    if revived:
        wakeup.call()
        log.info("%s messages of tasks that this release knows are retried", len(revived))
    return len(revived)


def _groups() -> list[str]:
    """Failure groups of the tasks that this release knows: one for each queue, and those of releases without that."""
    pairs = product(registered_payloads(), ("", *topology().queues))
    return [synthetic_failure(KIND, "", task=task, queue=queue).fingerprint for task, queue in pairs]
