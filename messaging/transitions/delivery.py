"""What a delivery does to its message: done, retry later, deferred, or dead. Each function is one transaction."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from messaging.models import Message, State
from messaging.signals import message_deferred
from messaging.transitions.dead import mark_dead
from messaging.transitions.failure import Failure, record_failure
from messaging.transitions.locks import lock_in_flight


class NotInLedger(LookupError):
    """A delivery whose message the ledger does not have."""

    # Error types and fingerprints in the ledger carry this name; moving the class must not change it.
    __module__ = "messaging.transitions"


@transaction.atomic(savepoint=False)
def settle(*, message_id: uuid.UUID, started_at: datetime | None = None) -> bool:
    """Mark a message as done, in the transaction of its effects. False: it was settled before.

    Raises `NotInLedger` if there is no such message; the effects roll back and the delivery is filed as a stray.
    """
    settled = Message.objects.filter(pk=message_id, state=State.SENT).update(
        state=State.DONE, started_at=started_at, finished_at=timezone.now()
    )
    if settled:
        return True
    if not Message.objects.filter(pk=message_id).exists():
        raise _not_in_ledger(message_id)
    return False


@transaction.atomic(savepoint=False)
def reschedule(*, message_id: uuid.UUID, failure: Failure, delay: float, limit: int) -> Message | None:
    """Record a failed attempt and make the message due again after `delay` seconds.

    `limit` is the number of attempts the message has in all. None: the message is no longer in flight.
    """
    message = lock_in_flight(message_id)
    if message is None:
        return None
    message.state = State.PENDING
    message.available_at = timezone.now() + timedelta(seconds=delay)
    record_failure(message, failure, limit=limit)
    return message


@transaction.atomic(savepoint=False)
def defer(*, message_id: uuid.UUID, circuit: str, delay: float) -> Message | None:
    """Make a message due again after `delay` seconds because `circuit` is open. No attempt is spent.

    None: the message is no longer in flight.
    """
    message = lock_in_flight(message_id)
    if message is None:
        return None
    is_news = message.waits_for != circuit
    message.state, message.waits_for = State.PENDING, circuit
    message.available_at = timezone.now() + timedelta(seconds=delay)
    message.save(update_fields=["state", "available_at", "waits_for"])
    if is_news:
        message_deferred.send(sender=Message, message=message, circuit=circuit)
    return message


@transaction.atomic(savepoint=False)
def reopen(*, message_id: uuid.UUID, lost: Failure | None, limit: int) -> Message | None:
    """Look up a delivery that may be a duplicate, before its task runs. None: already settled.

    `lost` is the failure of an earlier delivery that never reported back. It is committed as an attempt before the task
    runs, so that a message that kills its worker every time is dead after `limit` attempts.
    """
    message = lock_in_flight(message_id)
    if message is None:
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
