"""How does the ledger forget whom its messages were about?"""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet

from messaging import append_only
from messaging.models import (
    Alert,
    Attempt,
    AuditEntry,
    BulkItem,
    BulkOperation,
    FailureGroup,
    Message,
    PayloadEdit,
    QueuePause,
    State,
)
from messaging.redaction import Redactor

_KEPT_FOR_GOOD = (State.DEAD, State.DISCARDED)


@transaction.atomic
def redact(*, subjects: Collection[str], secrets: Iterable[str]) -> int:
    """Take `secrets` out of all that is kept about messages with one of `subjects`; how many messages that were.

    That is payloads, errors, tracebacks, notes, what operators wrote and edited, and the groups and alerts that quote
    one of these. Raw bodies and headers go as a whole, since nobody knows in which coding a secret stands there; so do
    those of strays in which a secret can be read. What happened, when, and to which message stays.
    """
    forget = Redactor(secrets)
    messages = Message.objects.filter(subject__in=subjects).exclude(subject="")
    ids = set(messages.values_list("pk", flat=True)) | _strays(forget)
    groups = _groups(ids)
    for message in Message.objects.filter(pk__in=ids).iterator():
        _change(message, forget, text=("error_message", "note"), data=("payload",), raw_body=None, raw_headers=None)
    for attempt in Attempt.objects.filter(message_id__in=ids).iterator():
        _change(attempt, forget, text=("error_message", "traceback"))
    for group in FailureGroup.objects.filter(pk__in=groups):
        _change(group, forget, text=("error_message", "note"))
    for item in BulkItem.objects.filter(message_id__in=ids):
        _change(item, forget, text=("detail",))
    _redact_what_was_written(forget)
    _redact_records(AuditEntry, ids, forget, data=("data",))
    _redact_records(PayloadEdit, ids, forget, data=("before", "after"))
    return len(ids)


def _redact_what_was_written(forget: Redactor) -> None:
    """What people wrote, and were told, about groups, queues and many messages at once may quote any of them."""
    for alert in Alert.objects.all():
        _change(alert, forget, text=("text",))
    for operation in BulkOperation.objects.all():
        _change(operation, forget, text=("reason",), data=("chosen", "stopped_for"))
    for pause in QueuePause.objects.all():
        _change(pause, forget, text=("reason",))
    for told in LogEntry.objects.filter(content_type__app_label=Message._meta.app_label).iterator():
        _change(told, forget, text=("change_message", "object_repr"))


def _strays(forget: Redactor) -> set[uuid.UUID]:
    """Messages that came past the ledger have no subject; whom they are about only their bodies tell."""
    strays = Message.objects.filter(subject="", state__in=_KEPT_FOR_GOOD, raw_body__isnull=False)
    bodies = strays.values_list("pk", "raw_body").iterator()
    return {pk for pk, body in bodies if body is not None and forget.finds_in(bytes(body))}


def _groups(ids: set[uuid.UUID]) -> set[str]:
    """The groups that may quote one of these messages."""
    of_messages = Message.objects.filter(pk__in=ids).values_list("fingerprint", flat=True)
    of_attempts = Attempt.objects.filter(message_id__in=ids).values_list("fingerprint", flat=True)
    return {*of_messages, *of_attempts} - {""}


def _redact_records(
    model: type[AuditEntry | PayloadEdit], ids: set[uuid.UUID], forget: Redactor, *, data: tuple[str, ...]
) -> None:
    """The database lets nobody change these, so it is asked to only where there is something to take out.

    What was done to a group, a queue or many messages at once names no message, but may quote one.
    """
    about = Q(message_id__in=ids) | Q(message_id=None)
    found = [(row, _changes(row, forget, text=("reason",), data=data)) for row in model.objects.filter(about)]
    found = [(row, changes) for row, changes in found if changes]
    if found:
        with append_only.lifted(connection, model._meta.db_table):
            for row, changes in found:
                QuerySet(model).filter(pk=row.pk).update(**changes)


def _change(row: Model, forget: Redactor, *, text: tuple[str, ...], data: tuple[str, ...] = (), **besides: Any) -> None:
    changes = _changes(row, forget, text=text, data=data)
    changes |= {name: value for name, value in besides.items() if getattr(row, name) != value}
    if changes:
        type(row)._default_manager.filter(pk=row.pk).update(**changes)


def _changes(row: Model, forget: Redactor, *, text: tuple[str, ...], data: tuple[str, ...]) -> dict[str, Any]:
    cleaned = {name: forget.text(getattr(row, name)) for name in text}
    cleaned |= {name: forget.json(getattr(row, name)) for name in data}
    return {name: value for name, value in cleaned.items() if value != getattr(row, name)}
