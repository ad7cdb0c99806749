"""Redaction of the desk's own records: groups, alerts, bulk retries, filters, audit log, edits, the admin's history."""

import uuid
from typing import Any
from urllib.parse import unquote_plus

from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q, QuerySet

from messaging.models import append_only
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


def redact(*, message_ids: set[uuid.UUID], fingerprints: set[str], redactor: Redactor, **kwargs: Any) -> None:
    """Receiver of `messages_redacted`. Texts of alerts and bulk retries may quote any message, so all are searched."""
    for group in FailureGroup.objects.filter(pk__in=fingerprints):
        redact_row(group, redactor, text=("error_message", "note"))
    for item in BulkItem.objects.filter(message_id__in=message_ids):
        redact_row(item, redactor, text=("detail",))
    for alert in Alert.objects.all():
        redact_row(alert, redactor, text=("text",))
    for operation in BulkOperation.objects.all():
        redact_row(operation, redactor, text=("reason",), data=("chosen", "stopped_for"))
    _delete_filters(redactor)
    for entry in LogEntry.objects.filter(content_type__app_label__in=_APPS).iterator():
        redact_row(entry, redactor, text=("change_message", "object_repr"))
    _redact_append_only(AuditEntry, message_ids, redactor, data=("data",))
    _redact_append_only(PayloadEdit, message_ids, redactor, data=("before", "after"))


def _delete_filters(redactor: Redactor) -> None:
    """A filter that looks for what is removed finds nothing any more, and two may not have one name."""
    named = [
        saved for saved in SavedFilter.objects.all() if redactor.matches(f"{saved.name}\n{unquote_plus(saved.query)}")
    ]
    SavedFilter.objects.filter(pk__in=[saved.pk for saved in named]).delete()


def _redact_append_only(
    model: type[AuditEntry | PayloadEdit], ids: set[uuid.UUID], redactor: Redactor, *, data: tuple[str, ...]
) -> None:
    """Lift the triggers only if there is something to remove.

    An entry about a group, a queue or a bulk retry has no message id but may quote a message.
    """
    about = Q(message_id__in=ids) | Q(message_id=None)
    found = [(row, changes_of(row, redactor, text=("reason",), data=data)) for row in model.objects.filter(about)]
    found = [(row, changes) for row, changes in found if changes]
    if found:
        with append_only.lifted(connection, model._meta.db_table):
            for row, changes in found:
                QuerySet(model).filter(pk=row.pk).update(**changes)
