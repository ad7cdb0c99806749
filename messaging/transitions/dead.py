"""How a message becomes dead: its attempts are spent, or a retry cannot succeed."""

import uuid

from django.db import transaction

from messaging import clock
from messaging.models import Message, State
from messaging.transitions.failure import Failure, record_failure
from messaging.transitions.locks import lock_sent


@transaction.atomic(savepoint=False)
def bury(
    *, message_id: uuid.UUID, sends: int, failure: Failure, limit: int = 1, state: State = State.SENT
) -> Message | None:
    """Record the last failed attempt of publication `sends`: the message is dead until an operator acts.

    None: the message is no longer in `state` by this publication.
    """
    if (message := lock_sent(message_id, sends=sends, state=state)) is None:
        return None
    mark_dead(message)
    record_failure(message, failure, limit=max(limit, message.retries + 1))
    return message


def mark_dead(message: Message) -> None:
    """Set the state; the caller saves it with the failed attempt."""
    message.state = State.DEAD
    message.finished_at = clock.now()
