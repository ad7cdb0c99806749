"""The ledger in the admin: any message, whatever its state."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.models import Message, State
from messaging.operations import permissions
from messaging.operations.admin.base import ReadOnlyAdmin, exact, moment, state_badge, time_column
from messaging.operations.admin.buttons import buttons_of
from messaging.operations.failures.advice import advice_for
from messaging.operations.failures.tracebacks import shown
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from messaging.payloads import registered_payloads
from messaging.topology import topology
from messaging.transitions.failure import short


class _DeclaredFilter(admin.SimpleListFilter):
    """Offers declared values: reading those in use would read the whole ledger. Any other value is accepted."""

    def declared(self) -> Iterable[str]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        values = list(self.declared())
        selected = request.GET.get(self.parameter_name or "", "")
        return [(value, value) for value in (values if selected in ("", *values) else [*values, selected])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class QueueFilter(_DeclaredFilter):
    title = _("queue")
    parameter_name = "queue"

    def declared(self) -> Iterable[str]:
        return topology().queues


class TaskFilter(_DeclaredFilter):
    title = _("task")
    parameter_name = "task"

    def declared(self) -> Iterable[str]:
        return sorted(registered_payloads())


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "task",
        "subject_column",
        "state_column",
        "priority",
        "attempts",
        "sends",
        "created",
        "finished",
    )
    list_filter = ("state", QueueFilter, TaskFilter)
    search_fields = ("id",)
    search_help_text = _("Message ID or order number")
    ordering = ("-id",)
    sortable_by = ()
    change_form_template = "admin/operations/message/change_form.html"
    fields = (
        "id", "task", "subject_column", "state_column", "queue", "routing_key", "priority", "available", "sent",
        "finished", "attempts", "sends", "schema_version", "payload_text", "attempt_list", "related_messages",
        "correlation_id", "causation_id", "traceparent", "raw_text", "note", "created",
    )  # fmt: skip
    readonly_fields = fields

    created = time_column("created_at", _("created"))
    available = time_column("available_at", _("due"))
    sent = time_column("sent_at", _("sent"))
    finished = time_column("finished_at", _("finished"))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Finished messages by when they finished: an index without the unfinished ones, of which millions may be
        newer."""
        return ("-finished_at", "-id") if request.GET.get("state__exact") == State.DONE else self.ordering

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        try:
            return queryset.filter(pk=UUID(text)), False
        except ValueError:
            return queryset.filter(subject__in=(text, text.upper())), False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """With the buttons of a failed task, so that the desk's keys work here, too."""
        message = context["original"]
        if Actor.of(request.user).may(permissions.VIEW):
            context["buttons"] = buttons_of(message, advice_for(message), user=request.user)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("state"))
    def state_column(self, message: Message) -> SafeString:
        return state_badge(message)

    @admin.display(description=_("failed attempts"))
    def attempt_list(self, message: Message) -> str | SafeString:
        rows = (
            (a.number, exact(a.ended_at), short(a.error_type), _error_text(a.traceback, a.error_message))
            for a in message.attempt_set.defer("log", "exchanges").order_by("number", "id")
        )
        return format_html_join("", _ATTEMPT, rows) or "–"

    @admin.display(description=_("messages with the same subject"))
    def related_messages(self, message: Message) -> str | SafeString:
        related = Message.objects.filter(subject=message.subject).order_by("id")[:50] if message.subject else []
        rows = ((_url(m), m.task, m.get_state_display(), moment(m.created_at)) for m in related)
        return format_html_join("", '<div><a href="{}">{}</a> {} ({})</div>', rows) or "–"


def _url(message: Message) -> str:
    return reverse("admin:messaging_message_change", args=[message.pk])


def _error_text(traceback: str, error_message: str) -> str:
    return shown(traceback) or mask_text(error_message)


_ATTEMPT = (
    '<details class="desk-attempt"><summary>#{} · {} · <strong>{}</strong></summary>'
    '<pre class="desk-text">{}</pre></details>'
)
