"""Selection of dead messages for a bulk retry: by id, or by filters."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from messaging.models import Message, MessageQuerySet
from messaging.operations.failures.selectors import error_matches


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty fields do not filter. `error` is an error type or part of an error message; `since` (inclusive) and `until`
    (exclusive) bound when a message died."""

    queue: str = ""
    task: str = ""
    error: str = ""
    group: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def messages(self) -> MessageQuerySet:
        """The matching dead messages."""
        messages = Message.objects.dead()
        columns = {"queue": self.queue, "task": self.task, "fingerprint": self.group, "subject": self.subject}
        messages = messages.filter(**{column: value for column, value in columns.items() if value})
        if self.error:
            messages = messages.filter(error_matches(self.error))
        if self.since:
            messages = messages.filter(finished_at__gte=self.since)
        if self.until:
            messages = messages.filter(finished_at__lt=self.until)
        return messages

    def as_dict(self) -> dict[str, Any]:
        """The filters that are set, as JSON types."""
        wanted = {name: value for name, value in asdict(self).items() if value}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()}


FILTERS = tuple(field.name for field in fields(Filters))


@dataclass(frozen=True, kw_only=True)
class Selection:
    """`messages` in any state, of which only dead ones are retried; `chosen` describes them as JSON."""

    messages: MessageQuerySet
    chosen: dict[str, Any]

    @classmethod
    def by_filters(cls, filters: Filters) -> "Selection":
        return cls(messages=filters.messages(), chosen=filters.as_dict() or {"all": True})

    @classmethod
    def by_ids(cls, ids: Sequence[uuid.UUID]) -> "Selection":
        return cls(messages=Message.objects.filter(pk__in=ids), chosen={"ids": len(set(ids))})
