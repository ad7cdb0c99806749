"""Who did what, and what were people told of? Records to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from messaging.admin.base import ReadOnlyAdmin
from messaging.models import Alert, AuditEntry


class _Records(ReadOnlyAdmin):
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"messaging.view_{self.opts.model_name}")


@admin.register(AuditEntry)
class AuditEntryAdmin(_Records):
    list_display = ("at", "actor", "action", "reason", "message_id", "group", "queue")
    list_filter = ("action",)
    search_fields = ("=message_id", "=group", "=queue", "=actor", "=operation_id")
    search_help_text = _("Message, group, queue, actor or operation, in full")
    ordering = ("-id",)


@admin.register(Alert)
class AlertAdmin(_Records):
    list_display = ("raised_at", "text", "cleared_at")
    ordering = ("-id",)
