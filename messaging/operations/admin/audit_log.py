"""Who did what, and what were people told of? Records to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.operations.admin.base import ReadOnlyAdmin, as_text
from messaging.operations.models import Alert, AuditEntry
from messaging.operations.privacy.masking import mask, mask_text


class _Records(ReadOnlyAdmin):
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")


@admin.register(AuditEntry)
class AuditEntryAdmin(_Records):
    list_display = ("at", "actor", "action", "why", "message_id", "group", "queue")
    list_filter = ("action",)
    search_fields = ("=message_id", "=group", "=queue", "=actor", "=operation_id")
    search_help_text = _("Message, group, queue, actor or operation, in full")
    ordering = ("-id",)
    fields = ("at", "actor", "action", "why", "message_id", "group", "queue", "operation_id", "details")
    readonly_fields = fields

    @admin.display(description=_("reason"))
    def why(self, entry: AuditEntry) -> str:
        return mask_text(entry.reason)

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> SafeString:
        return as_text(mask(entry.data))


@admin.register(Alert)
class AlertAdmin(_Records):
    list_display = ("raised_at", "text", "cleared_at")
    ordering = ("-id",)
