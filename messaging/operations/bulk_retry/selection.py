"""Which dead messages does an operator mean: those with these ids, or all that fit these filters?"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from messaging.models import Message, MessageQuerySet
from messaging.operations.failures.selectors import failed_with


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty fields do not narrow. `error` is an error's name or a part of its message; `since` and `until` bound when a
    message died, the latter not included."""

    queue: str = ""
    task: str = ""
    error: str = ""
    group: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def messages(self) -> MessageQuerySet:
        """The dead messages that fit, those first that died first."""
        found = Message.objects.dead()
        columns = {"queue": self.queue, "task": self.task, "fingerprint": self.group, "subject": self.subject}
        found = found.filter(**{column: value for column, value in columns.items() if value})
        if self.error:
            found = found.filter(failed_with(self.error))
        if self.since:
            found = found.filter(finished_at__gte=self.since)
        if self.until:
            found = found.filter(finished_at__lt=self.until)
        return found

    def told(self) -> dict[str, Any]:
        """What was asked for, as JSON types."""
        wanted = {name: value for name, value in asdict(self).items() if value}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()}


FILTERS = tuple(field.name for field in fields(Filters))


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is sent again: `messages` of any state, of which only the dead will go, and what `chosen` says of them."""

    messages: MessageQuerySet
    chosen: dict[str, Any]

    @classmethod
    def by_filters(cls, filters: Filters) -> "Selection":
        return cls(messages=filters.messages(), chosen=filters.told() or {"all": True})

    @classmethod
    def by_ids(cls, ids: Sequence[uuid.UUID]) -> "Selection":
        return cls(messages=Message.objects.filter(pk__in=ids), chosen={"ids": len(ids)})
