"""Row locks on messages, taken before their state changes."""

import uuid
from collections.abc import Iterable

from messaging.models import Message, State


def lock_sent(message_id: uuid.UUID, *, sends: int, state: State = State.SENT) -> Message | None:
    """The locked message if it is in flight by publication number `sends`.

    None: it is settled, or was published again since, or is due again; the report of this copy changes nothing.
    """
    return Message.objects.select_for_update().filter(pk=message_id, state=state, sends=sends).first()


def lock_dead(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Message]:
    """The dead ones of these, locked in the order of their ids, so that concurrent callers cannot deadlock."""
    rows = Message.objects.dead().select_for_update().filter(pk__in=list(ids)).order_by("pk")
    return {message.pk: message for message in rows.defer("payload", "raw_body", "raw_headers")}
