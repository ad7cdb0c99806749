"""What do all pages about messages share? Records are looked at; nothing is added, deleted or edited here."""

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging import selectors, subjects
from messaging.models import Message

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Bounded pages, no count over the whole ledger, and no way to change a record."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["messaging/admin.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("messaging.view_message")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description=_("about"), ordering="subject")
    def about(self, message: Message) -> str | SafeString:
        """The subject, with a link to its own page where an app knows one."""
        url = subjects.url_for(message.subject)
        if not url:
            return message.subject or "–"
        return format_html('<a class="messaging-about" href="{}">{}</a>', url, message.subject)

    @admin.display(description=_("payload"))
    def payload_text(self, message: Message) -> SafeString:
        return format_html('<pre class="messaging-text">{}</pre>', json.dumps(message.payload, indent=2))

    @admin.display(description=_("raw message"))
    def raw_text(self, message: Message) -> str | SafeString:
        """The bytes as they came, with the headers, where the message was not readable or not ours."""
        if message.raw_body is None:
            return "–"
        body = bytes(message.raw_body)[:4000].decode("utf-8", errors="backslashreplace")
        headers = json.dumps(message.raw_headers, indent=2)
        return format_html('<pre class="messaging-text">{}\n\n{}</pre>', body, headers)

    @admin.display(description=_("what went wrong"))
    def attempt_list(self, message: Message) -> str | SafeString:
        attempts = selectors.attempts_of(message)
        if not attempts:
            return "–"
        return format_html_join("", _ATTEMPT, (
            (
                " open" if attempt == attempts[-1] else "",
                attempt.number,
                attempt.ended_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
                attempt.error_type,
                attempt.worker or _("an unknown worker"),
                attempt.traceback or attempt.error_message,
            )
            for attempt in attempts
        ))  # fmt: skip

    @admin.display(description=_("chain"))
    def chain(self, message: Message) -> str | SafeString:
        """All messages of the same chain of events, so that one sees what led here and what followed."""
        related = Message.objects.filter(subject=message.subject).order_by("id")[:50] if message.subject else []
        rows = (
            (
                reverse("admin:messaging_message_change", args=[m.pk]),
                m.task,
                m.get_state_display(),
                m.created_at.strftime("%H:%M:%S"),
            )
            for m in related
        )
        return format_html_join("", '<div><a href="{}">{}</a> {} ({})</div>', rows) or "–"


_ATTEMPT = (
    '<details class="messaging-attempt"{}><summary>#{} · {} · <strong>{}</strong> · {}</summary>'
    '<pre class="messaging-text">{}</pre></details>'
)
