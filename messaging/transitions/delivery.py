"""What a delivery does to its message: done, retry later, deferred, or dead. Each function is one transaction.

Every report carries `sends`, the number of the publication it belongs to; the report of an older one changes nothing.
"""

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from messaging import clock
from messaging.conf import settings
from messaging.hooks.next_steps import RETRY, next_step
from messaging.models import Message, State, Waits
from messaging.signals import announce, message_deferred
from messaging.transitions import ledger_sql
from messaging.transitions.dead import mark_dead
from messaging.transitions.failure import Failure, record_failure
from messaging.transitions.locks import lock_sent

#: A message that waits for another worker is tried again after this share of its wait so far, in seconds at most.
_SHARE_OF_WAIT: Final = 0.25
_LONGEST_PAUSE: Final = 60.0


@next_step(
    _("It was published to the broker without the ledger, so nothing was done."),
    _("Retry it if its payload should be processed; otherwise discard it."),
    action=RETRY,
)
class NotInLedger(LookupError):
    """A delivery whose message the ledger does not have."""

    # Error types and fingerprints in the ledger carry this name; moving the class must not change it.
    __module__ = "messaging.transitions"


@transaction.atomic(savepoint=False)
def settle(*, message_id: uuid.UUID, sends: int, started_at: datetime | None = None) -> bool:
    """Mark a message as done, in the transaction of its effects. False: it was settled, or published again, before.

    A message that is due again by the same publication was taken for lost; it is done all the same, unless an operator
    revived it, perhaps with another payload.
    Raises `NotInLedger` if there is no such message; the effects roll back and the delivery is filed as a stray.
    """
    if ledger_sql.mark_done(message_id=message_id, sends=sends, started_at=started_at):
        return True
    if not Message.objects.filter(pk=message_id).exists():
        raise _not_in_ledger(message_id)
    return False


@transaction.atomic(savepoint=False)
def reschedule(*, message_id: uuid.UUID, sends: int, failure: Failure, delay: float, limit: int) -> Message | None:
    """Record a failed attempt and make the message due again after `delay` seconds.

    `limit` is the number of attempts the message has in all. None: the message is no longer in flight.
    """
    if (message := lock_sent(message_id, sends=sends)) is None:
        return None
    message.state = State.PENDING
    message.available_at = clock.now() + timedelta(seconds=delay)
    record_failure(message, failure, limit=limit)
    return message


@transaction.atomic(savepoint=False)
def defer(*, message_id: uuid.UUID, sends: int, circuit: str, delay: float) -> Message | None:
    """Make a message due again in `delay` seconds, without an attempt: `circuit` is open. None: it is not in flight."""
    if (message := lock_sent(message_id, sends=sends)) is None:
        return None
    is_news = message.waits_for != circuit
    _put_off(message, waits_for=circuit, now=clock.now(), delay=delay)
    if is_news:
        announce(message_deferred, message=message, circuit=circuit)
    return message


@transaction.atomic(savepoint=False)
def wait(*, message_id: uuid.UUID, sends: int, waits_for: Waits) -> Message | None:
    """Make a message due again that this worker cannot judge, without an attempt, later each time. None: as `defer`."""
    if (message := lock_sent(message_id, sends=sends)) is None:
        return None
    now = clock.now()
    since = message.deferred_since if message.waits_for == waits_for else None
    waited = (now - since).total_seconds() if since else 0.0
    delay = min(max(settings.CONVEYOR_RETRY_BASE, waited * _SHARE_OF_WAIT), _LONGEST_PAUSE)
    _put_off(message, waits_for=waits_for, now=now, delay=delay)
    return message


def give_back(*, message_id: uuid.UUID, sends: int) -> bool:
    """Make a message due again whose worker has lost the broker. No attempt is spent. False: it is no longer in flight.

    The delivery that the broker repeats belongs to a publication that no longer counts.
    """
    in_flight = Message.objects.filter(pk=message_id, sends=sends, state=State.SENT)
    return bool(in_flight.update(state=State.PENDING, available_at=clock.now()))


def _put_off(message: Message, *, waits_for: str, now: datetime, delay: float) -> None:
    if message.waits_for != waits_for or message.deferred_since is None:
        message.deferred_since = now
    message.state, message.waits_for = State.PENDING, waits_for
    message.available_at = now + timedelta(seconds=delay)
    message.save(update_fields=["state", "available_at", "waits_for", "deferred_since"])


@transaction.atomic(savepoint=False)
def reopen(*, message_id: uuid.UUID, sends: int, lost: Failure | None, limit: int) -> Message | None:
    """Look up a delivery that may be a duplicate, before its task runs. None: settled, published again or due again.

    `lost` is the failure of an earlier delivery that never reported back. It is committed as an attempt before the task
    runs, so that a message that kills its worker every time is dead after `limit` attempts.
    """
    if (message := lock_sent(message_id, sends=sends)) is None:
        if not Message.objects.filter(pk=message_id).exists():
            raise _not_in_ledger(message_id)
        return None
    if lost is None:
        return message
    if message.retries + 1 >= limit:
        mark_dead(message)
    record_failure(message, lost, limit=limit, retry_now=message.state == State.SENT)
    return message


def _not_in_ledger(message_id: uuid.UUID) -> NotInLedger:
    return NotInLedger(f"The ledger has no message {message_id}; the delivery was filed as a dead message.")
