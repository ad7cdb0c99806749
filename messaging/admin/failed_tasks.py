"""How does an operator understand a dead message, send it again, or give it up?"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging import services
from messaging.admin.base import ReadOnlyAdmin
from messaging.admin.bulk import BulkRetryAction
from messaging.models import FailedTask, State
from messaging.permissions import Actor


@admin.register(FailedTask)
class FailedTaskAdmin(BulkRetryAction, ReadOnlyAdmin):
    # What to do stands first of all, so that no narrow screen hides it.
    list_display = ("failure", "buttons", "about", "failed", "task_name", "attempts")
    list_display_links = ("failure",)
    list_filter = ("queue", "task", "error_type")
    search_fields = ("=id", "=subject", "error_type", "error_message")
    search_help_text = gettext_lazy("Order number, message id, error type or a part of its text")
    date_hierarchy = "finished_at"
    ordering = ("-finished_at",)
    actions = ("retry_selected", "bulk_retry", "discard_selected")
    change_form_template = "admin/messaging/failedtask/change_form.html"
    fields = (
        "failure", "task", "about", "attempt_list", "payload_text", "raw_text", "chain", "attempts", "finished_at",
        "queue", "routing_key", "priority", "fingerprint", "correlation_id", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedTask]:
        return super().get_queryset(request).filter(state=State.DEAD)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.retry_message")

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.discard_message")

    @admin.display(description=gettext_lazy("failure"), ordering="error_type")
    def failure(self, task: FailedTask) -> SafeString:
        kind = task.error_type.rpartition(".")[2]
        return format_html("<strong>{}</strong> {}", kind, task.error_message[:120])

    @admin.display(description=gettext_lazy("failed"), ordering="finished_at")
    def failed(self, task: FailedTask) -> str | SafeString:
        """How long ago, since that is what one asks first; the exact time is the title and on the task's page."""
        at = task.finished_at
        return (
            format_html('<time datetime="{0}" title="{0}">{1}</time>', at.isoformat(), naturaltime(at)) if at else "–"
        )

    @admin.display(description=gettext_lazy("task"), ordering="task")
    def task_name(self, task: FailedTask) -> str | SafeString:
        """The task's name, which may break after the app's."""
        app, dot, name = task.task.rpartition(".")
        return format_html("{}.<wbr>{}", app, name) if dot else name

    @admin.display(description=gettext_lazy("what to do"))
    def buttons(self, task: FailedTask) -> SafeString:
        """The list is one form already; `formaction` sends it to the row's own address."""
        return format_html(
            '<button class="button messaging-retry" type="submit" formaction="{}" formmethod="post">{}</button>',
            reverse("admin:messaging_failedtask_retry", args=[task.pk]),
            _("Retry"),
        )

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if self.has_retry_permission(request):
            return self.list_display
        return tuple(name for name in self.list_display if name != "buttons")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:id_>/retry/", wrap(self.retry_view), name="messaging_failedtask_retry"),
            path("<uuid:id_>/discard/", wrap(self.discard_view), name="messaging_failedtask_discard"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = {"may_retry": self.has_retry_permission(request), "may_discard": self.has_discard_permission(request)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **may})

    def retry_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        if not self.has_retry_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._retry(request, [id_])
        return HttpResponseRedirect(reverse("admin:messaging_failedtask_changelist"))

    def discard_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        if not self.has_discard_permission(request):
            raise PermissionDenied
        return self._discard_page(request, [id_])

    @admin.action(description=gettext_lazy("Retry selected"), permissions=["retry"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        self._retry(request, queryset.values_list("pk", flat=True))

    @admin.action(description=gettext_lazy("Discard selected…"), permissions=["discard"])
    def discard_selected(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> HttpResponse:
        return self._discard_page(request, list(queryset.values_list("pk", flat=True)))

    def _retry(self, request: HttpRequest, ids: Iterable[uuid.UUID]) -> None:
        outcome = services.retry(ids=list(ids), actor=Actor.of(request.user))
        count = len(outcome.done)
        self._report(request, outcome, ngettext(
            "%(count)d task goes out again.", "%(count)d tasks go out again.", count) % {"count": count},
            _("Sent again"))  # fmt: skip

    def _discard_page(self, request: HttpRequest, ids: list[uuid.UUID]) -> HttpResponse:
        """Asks for the reason, and discards once there is one."""
        reason = request.POST.get("reason", "").strip()
        if request.method == "POST" and "reason" in request.POST and reason:
            outcome = services.discard(ids=ids, actor=Actor.of(request.user), reason=reason)
            count = len(outcome.done)
            text = ngettext("%(count)d task discarded.", "%(count)d tasks discarded.", count) % {"count": count}
            self._report(request, outcome, text, _("Discarded: %(reason)s") % {"reason": reason})
            return HttpResponseRedirect(reverse("admin:messaging_failedtask_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Discard failed tasks"),
            "opts": self.opts,
            "tasks": FailedTask.objects.filter(pk__in=ids),
            "missing_reason": "reason" in request.POST,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/messaging/failedtask/discard.html", context)

    def _report(self, request: HttpRequest, outcome: services.Outcome, text: str, log_text: str) -> None:
        if outcome.done:
            done = FailedTask.objects.filter(pk__in=outcome.done)
            LogEntry.objects.log_actions(request.user.pk, done, CHANGE, change_message=log_text)  # type: ignore[arg-type]
            self.message_user(request, text, messages.SUCCESS)
        for id_, why in outcome.skipped.items():
            self.message_user(request, f"{id_}: {why}", messages.WARNING)
