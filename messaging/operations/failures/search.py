"""Search for failures by subject, id, group, part of an error, or a path into the payload.

Each kind of term uses its own index, so that a search by subject does not read every message that ever died.
"""

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.failures import quarantine
from messaging.operations.models import FailedTask
from messaging.transitions.failure import FINGERPRINT_VERSION

_PATH = re.compile(r"^payload\.([A-Za-z_]\w*(?:\.\w+)*)=(.+)$")
# Each term costs a statement, and each step of a path a level of nesting.
_MAX_LENGTH, _MAX_TERMS = 500, 10
_GROUP = re.compile(rf"^{FINGERPRINT_VERSION}-[0-9a-f]{{20}}$")

#: Names that Django would read as a lookup instead of a field.
_LOOKUPS = frozenset(KeyTransform.get_lookups())  # type: ignore[call-arg]

#: The values of the desk's state filter.
STATES: dict[str, Callable[[], Q]] = {
    "dead": lambda: Q(state=State.DEAD),
    "again": lambda: Q(state=State.DEAD, replayed_from__gt=0),
    "quarantined": quarantine.condition,
    "waiting": lambda: Q(state=State.PENDING),
    "sent": lambda: Q(state=State.SENT),
    "succeeded": lambda: Q(state=State.DONE),
    "discarded": lambda: Q(state=State.DISCARDED),
}
#: Oldest and youngest age of each value of the age filter.
AGES: dict[str, tuple[timedelta | None, timedelta | None]] = {
    "hour": (timedelta(hours=1), None),
    "day": (timedelta(days=1), None),
    "week": (timedelta(days=7), None),
    "month": (timedelta(days=30), None),
    "older": (None, timedelta(days=7)),
}


def failures() -> QuerySet[FailedTask]:
    """Every message that ever died, whatever its state is now."""
    return FailedTask.objects.died()  # type: ignore[return-value]


def search(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Those of `rows` that match every term of `text`."""
    for term in text[:_MAX_LENGTH].split()[:_MAX_TERMS]:
        rows = rows.filter(_term(term))
    return rows


def aged(rows: QuerySet[Any], age: str) -> QuerySet[Any]:
    """Those of `rows` of this age, a key of `AGES`."""
    oldest, youngest = AGES[age]
    now = timezone.now()
    if oldest is not None:
        rows = rows.filter(finished_at__gte=now - oldest)
    if youngest is not None:
        rows = rows.filter(finished_at__lt=now - youngest)
    return rows


def _term(term: str) -> Q:
    path = _PATH.match(term)
    if path:
        return _payload(path[1], path[2])
    id_ = _uuid(term)
    if id_:
        return Q(pk=id_)
    if Message.objects.filter(subject=term).exists():
        return Q(subject=term)
    if _GROUP.match(term):
        return Q(fingerprint=term)
    return Q(error_type__icontains=term) | Q(error_message__icontains=term)


def _payload(path: str, text: str) -> Q:
    """`payload.order_id=17` matches both the number and the text, since a field may hold either."""
    steps = path.split(".")
    if not _LOOKUPS.isdisjoint(path.replace("__", ".").split(".")):
        return Q(pk__in=[])
    matches = _holds(steps, text)
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)  # PostgreSQL's JSON has no infinity
    except (ValueError, RecursionError):
        return matches
    return matches | _holds(steps, value) if isinstance(value, (int, float, bool)) else matches


def _holds(steps: list[str], value: Any) -> Q:
    """On PostgreSQL the index serves containment but not paths. A number is an index into a list."""
    if connection.vendor == "postgresql" and not any(step.isdigit() for step in steps):
        return Q(payload__contains=reduce(lambda inner, step: {step: inner}, reversed(steps), value))
    return Q(**{"__".join(["payload", *steps]): value})


def _uuid(term: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(term)
    except ValueError:
        return None
