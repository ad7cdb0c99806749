"""Read-only pages of the audit log and of alerts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.operations.admin.base import ReadOnlyAdmin, as_json, time_column
from messaging.operations.models import Alert, AuditEntry
from messaging.operations.privacy.masking import mask, mask_text


class _RecordAdmin(ReadOnlyAdmin):
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")


@admin.register(AuditEntry)
class AuditEntryAdmin(_RecordAdmin):
    list_display = ("time", "actor", "action", "masked_reason", "message_id", "group", "queue")
    list_filter = ("action",)
    search_fields = ("=message_id", "=group", "=queue", "=actor", "=operation_id")
    search_help_text = _("Exact message ID, group, queue, actor or operation ID")
    ordering = ("-id",)
    fields = ("time", "actor", "action", "masked_reason", "message_id", "group", "queue", "operation_id", "details")
    readonly_fields = fields

    time = time_column("at", _("time"))

    @admin.display(description=_("reason"))
    def masked_reason(self, entry: AuditEntry) -> str:
        return mask_text(entry.reason)

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> SafeString:
        return as_json(mask(entry.data))


@admin.register(Alert)
class AlertAdmin(_RecordAdmin):
    list_display = ("raised", "text", "sent", "cleared")
    ordering = ("-id",)

    raised = time_column("raised_at", _("raised"))
    sent = time_column("sent_at", _("sent"))
    cleared = time_column("cleared_at", _("cleared"))
