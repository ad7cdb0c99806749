"""How do many dead messages move at once, in the caller's transaction, with as many statements for 200 as for one?"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from messaging import rollup
from messaging.models import Message, State
from messaging.payloads import payload_for
from messaging.services.wishes import way_to_send, why_not_replay
from messaging.signals import replayed


def lock_dead(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Message]:
    """The dead ones of these, locked in the order of their ids, so that no two who do this wait for each other."""
    rows = Message.objects.dead().select_for_update().filter(pk__in=list(ids)).order_by("pk")
    return {message.pk: message for message in rows.defer("payload", "raw_body", "raw_headers")}


def replay_locked(messages: Sequence[Message], *, now: datetime) -> list[Message]:
    """Make locked dead messages due again; those that can be sent at all. The caller writes to the trail."""
    able = [message for message in messages if why_not_replay(message) is None]
    for way, ids in _by_way(able).items():
        Message.objects.filter(pk__in=ids, state=State.DEAD).update(
            state=State.PENDING,
            available_at=now,
            replayed_from=F("attempts"),
            finished_at=None,
            note="",
            **dict(way),
        )
    if able:
        rollup.left(able)
        replayed.send(sender=Message, messages=able)
    return able


def take_back(sends: Mapping[uuid.UUID, int], *, died_at: QuerySet[Any]) -> list[uuid.UUID]:
    """Make replayed messages dead again, as they were, unless a relay has claimed them meanwhile; which ones.

    `sends` says how often each had been sent before its replay. `died_at` gives, for `OuterRef("pk")` as its
    `message_id`, the moment of its death, which the replay took away.
    """
    pending = Message.objects.filter(pk__in=list(sends), state=State.PENDING).select_for_update().order_by("pk")
    held = [message for message in pending.defer("payload", "raw_body") if message.sends == sends[message.pk]]
    Message.objects.filter(pk__in=[message.pk for message in held]).update(
        state=State.DEAD, finished_at=Subquery(died_at.filter(message_id=OuterRef("pk"))[:1])
    )
    rollup.came_back(held)
    return [message.pk for message in held]


def _by_way(messages: Iterable[Message]) -> dict[tuple[tuple[str, str], ...], list[uuid.UUID]]:
    """Ids by the columns that must change for the message to find its way; for nearly all of them none."""
    ways: dict[tuple[tuple[str, str], ...], list[uuid.UUID]] = defaultdict(list)
    for message in messages:
        payload = payload_for(message.task)
        if payload is not None:
            ways[tuple(way_to_send(message, payload).items())].append(message.pk)
    return ways
