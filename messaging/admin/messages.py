"""How does an operator find any message, whatever its state?"""

from django.contrib import admin

from messaging.admin.base import ReadOnlyAdmin
from messaging.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "task", "about", "state", "priority", "attempts", "sends", "created_at", "finished_at")
    list_filter = ("state", "queue", "task")
    search_fields = ("=id", "=subject")
    search_help_text = "Message id or order number"
    ordering = ("-id",)
    fields = (
        "id", "task", "about", "state", "queue", "routing_key", "priority", "available_at", "sent_at", "finished_at",
        "attempts", "sends", "schema_version", "payload_text", "attempt_list", "chain", "correlation_id",
        "causation_id", "traceparent", "raw_text", "note", "created_at",
    )  # fmt: skip
    readonly_fields = fields
