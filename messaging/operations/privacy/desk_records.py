"""Redaction of the desk's own records: groups, alerts, bulk retries, filters, audit log, edits, the admin's history."""

import uuid
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote_plus

from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q, QuerySet

from messaging.models import Attempt, Message
from messaging.operations import append_only
from messaging.operations.models import (
    Alert,
    AuditEntry,
    BulkItem,
    BulkOperation,
    FailureGroup,
    PayloadEdit,
    SavedFilter,
)
from messaging.redaction import Redactor, changes_of, redact_row

_APPS = ("messaging", "operations")


def redact(*, message_ids: Collection[uuid.UUID], redactor: Redactor, **kwargs: Any) -> None:
    """Receiver of `messages_redacted`: what the desk keeps about these messages and their groups."""
    about = Q(message_id__in=message_ids)
    for group in FailureGroup.objects.filter(pk__in=_fingerprints(message_ids)).order_by("pk"):
        redact_row(group, redactor, text=("error_message", "note"))
    for item in BulkItem.objects.filter(about).iterator():
        redact_row(item, redactor, text=("detail",))
    _redact_append_only(AuditEntry.objects.filter(about), redactor, data=("data",))
    _redact_append_only(PayloadEdit.objects.filter(about), redactor, data=("before", "after"))


def redact_texts(*, redactor: Redactor, **kwargs: Any) -> None:
    """Receiver of `texts_redacted`. An entry about a group, a queue or a bulk retry may quote any message, too."""
    for alert in Alert.objects.iterator():
        redact_row(alert, redactor, text=("text",))
    for operation in BulkOperation.objects.iterator():
        redact_row(operation, redactor, text=("reason",), data=("chosen", "stopped_for"))
    _delete_filters(redactor)
    for entry in LogEntry.objects.filter(content_type__app_label__in=_APPS).iterator():
        redact_row(entry, redactor, text=("change_message", "object_repr"))
    _redact_append_only(AuditEntry.objects.filter(message_id=None), redactor, data=("data",))


def _fingerprints(ids: Collection[uuid.UUID]) -> set[str]:
    """The failure groups that may quote one of these messages."""
    messages, attempts = Message.objects.filter(pk__in=ids), Attempt.objects.filter(message_id__in=ids)
    return {*messages.values_list("fingerprint", flat=True), *attempts.values_list("fingerprint", flat=True)} - {""}


def _delete_filters(redactor: Redactor) -> None:
    """A filter that looks for what is removed finds nothing any more, and two may not have one name."""
    named = [
        saved for saved in SavedFilter.objects.all() if redactor.matches(f"{saved.name}\n{unquote_plus(saved.query)}")
    ]
    SavedFilter.objects.filter(pk__in=[saved.pk for saved in named]).delete()


def _redact_append_only(
    rows: QuerySet[AuditEntry] | QuerySet[PayloadEdit], redactor: Redactor, *, data: tuple[str, ...]
) -> None:
    """Lift the triggers only if there is something to remove."""
    changed = ((row.pk, changes_of(row, redactor, text=("reason",), data=data)) for row in rows.iterator())
    found = [(pk, changes) for pk, changes in changed if changes]
    if found:
        with append_only.lifted(connection, rows.model._meta.db_table):
            for pk, changes in found:
                QuerySet(rows.model).filter(pk=pk).update(**changes)
