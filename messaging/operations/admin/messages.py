"""How does an operator find any message, whatever its state?"""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.models import Message
from messaging.operations.admin.base import ReadOnlyAdmin, state_word
from messaging.operations.failures.tracebacks import parts_of
from messaging.operations.privacy.masking import mask_text


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "task", "about", "word", "priority", "attempts", "sends", "created_at", "finished_at")
    list_filter = ("state", "queue", "task")
    search_fields = ("=id", "=subject")
    search_help_text = _("Message id or order number")
    ordering = ("-id",)
    fields = (
        "id", "task", "about", "word", "queue", "routing_key", "priority", "available_at", "sent_at", "finished_at",
        "attempts", "sends", "schema_version", "payload_text", "attempt_list", "chain", "correlation_id",
        "causation_id", "traceparent", "raw_text", "note", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("state"), ordering="state")
    def word(self, message: Message) -> SafeString:
        return state_word(message)

    @admin.display(description=_("what went wrong"))
    def attempt_list(self, message: Message) -> str | SafeString:
        rows = (
            (a.number, f"{a.ended_at:%Y-%m-%d %H:%M:%S} UTC", a.error_type, _told(a.traceback, a.error_message))
            for a in message.attempt_set.order_by("number", "id")
        )
        return format_html_join("", _ATTEMPT, rows) or "–"

    @admin.display(description=_("messages about the same"))
    def chain(self, message: Message) -> str | SafeString:
        related = Message.objects.filter(subject=message.subject).order_by("id")[:50] if message.subject else []
        rows = ((_url(m), m.task, m.get_state_display(), f"{m.created_at:%H:%M:%S}") for m in related)
        return format_html_join("", '<div><a href="{}">{}</a> {} ({})</div>', rows) or "–"


def _url(message: Message) -> str:
    return reverse("admin:messaging_message_change", args=[message.pk])


def _told(traceback: str, error_message: str) -> str:
    return "\n".join(part.text for part in parts_of(traceback)) or mask_text(error_message)


_ATTEMPT = (
    '<details class="desk-attempt"><summary>#{} · {} · <strong>{}</strong></summary>'
    '<pre class="desk-text">{}</pre></details>'
)
