"""Many dead messages at once, in the caller's transaction, with as many statements for 1,000 as for one."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from messaging import clock
from messaging.models import Attempt, Message, State
from messaging.payloads import payload_for
from messaging.signals import messages_discarded, messages_restored, messages_revived
from messaging.transitions.interventions import FRESH, Intervention, cannot_revive, route


def revive_locked(
    messages: Sequence[Message], *, intervention: Intervention, now: datetime, **changes: Any
) -> list[Message]:
    """Make locked dead messages due at `now`. Returns those that could be revived. `changes` are further columns."""
    able = [message for message in messages if cannot_revive(message) is None]
    for columns, ids in _by_route(able).items():
        new = {**FRESH, "available_at": now, **dict(columns), **changes}
        Message.objects.filter(pk__in=ids, state=State.DEAD).update(**new)
    if able:
        messages_revived.send(sender=Message, messages=able, intervention=intervention)
    return able


def discard_locked(messages: Sequence[Message], *, intervention: Intervention) -> None:
    """Discard locked dead messages; the reason stays with them as their note."""
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        state=State.DISCARDED, note=intervention.reason[:500], finished_at=clock.moment()
    )
    messages_discarded.send(sender=Message, messages=messages, intervention=intervention)


def restore_locked(messages: Sequence[Message], *, intervention: Intervention) -> None:
    """Make locked discarded messages dead again, as they were."""
    died_at = _last_ends(messages)
    for message in messages:
        message.state, message.note = State.DEAD, ""
        message.finished_at = died_at.get(message.pk) or clock.now()
    Message.objects.bulk_update(messages, ["state", "note", "finished_at"])
    messages_restored.send(sender=Message, messages=messages, intervention=intervention)


def unrevive(sends: Mapping[uuid.UUID, int], *, died_at: QuerySet[Any], intervention: Intervention) -> list[uuid.UUID]:
    """Make revived messages dead again unless a relay has claimed them since. Returns the ids of the dead.

    `sends` is how often each had been sent before. `died_at`, filtered by `message_id`, yields its time of death.
    """
    pending = Message.objects.filter(pk__in=list(sends), state=State.PENDING).select_for_update().order_by("pk")
    unclaimed = [message for message in pending.defer("payload", "raw_body") if message.sends == sends[message.pk]]
    Message.objects.filter(pk__in=[message.pk for message in unclaimed]).update(
        state=State.DEAD,
        finished_at=Subquery(died_at.filter(message_id=OuterRef("pk"))[:1]),
        revivals=Greatest(F("revivals") - 1, 0),
    )
    if unclaimed:
        messages_restored.send(sender=Message, messages=unclaimed, intervention=intervention)
    return [message.pk for message in unclaimed]


def _by_route(messages: Iterable[Message]) -> dict[tuple[tuple[str, str], ...], list[uuid.UUID]]:
    """Ids by the columns that must change for the message to be routable; for nearly all of them none."""
    routes: dict[tuple[tuple[str, str], ...], list[uuid.UUID]] = defaultdict(list)
    for message in messages:
        if (payload := payload_for(message.task)) is not None:
            routes[tuple(route(message, payload).items())].append(message.pk)
    return routes


def _last_ends(messages: Sequence[Message]) -> dict[uuid.UUID, datetime]:
    """When the last attempt of each ended. Loads no attempt: the logs of 1,000 messages do not fit into memory."""
    attempts = Attempt.objects.filter(message__in=[message.pk for message in messages])
    return dict(attempts.order_by().values_list("message").annotate(Max("ended_at")))
