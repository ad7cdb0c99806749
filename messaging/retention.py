"""Retention: deletes messages that succeeded long ago."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from messaging import clock
from messaging.models import Attempt, Message, State
from messaging.payloads import Payload
from messaging.worker import slices


class PurgeFinished(Payload, task="messaging.purge_finished", routing_key="maintenance.purge"):
    """Delete messages that succeeded long ago. Dead ones are kept."""


def purge_finished(*, keep: timedelta, limit: int = slices.ROWS) -> int:
    """Delete up to `limit` messages that succeeded more than `keep` ago, in one transaction. Returns how many."""
    old = Message.objects.filter(state=State.DONE, finished_at__lt=clock.now() - keep)
    ids = list(old.order_by("finished_at").values_list("pk", flat=True)[:limit])
    if ids:
        delete_messages(ids)
    return len(ids)


@transaction.atomic
def delete_messages(ids: Sequence[uuid.UUID]) -> None:
    """Delete messages in a final state with their attempts, in two statements and without loading them."""
    slices.delete_by(Attempt, column="message_id", values=ids)
    slices.delete_by(Message, column="id", values=ids)
