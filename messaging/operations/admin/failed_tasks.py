"""How does an operator find failed messages, and send many of them again or give them up?"""

import uuid
from contextlib import nullcontext
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.admin.base import ago, state_word
from messaging.operations.admin.bulk_retries import BulkRetryAction
from messaging.operations.admin.failure_pages import FailurePages
from messaging.operations.admin.filters import (
    AgeFilter,
    DateRangeFilter,
    ErrorFilter,
    GroupFilter,
    QueueFilter,
    StateFilter,
    TaskFilter,
    count,
    facets_of,
)
from messaging.operations.failures import export
from messaging.operations.failures.facets import AT_MOST
from messaging.operations.failures.search import failures, search
from messaging.operations.failures.search_indexes import in_order
from messaging.operations.models import FailedTask
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from messaging.transitions.failure import short

#: What is sent again or given up one by one; more than that is a bulk, with a preview.
FEW = 100
_UNSEEN = ("raw_body", "raw_headers", "traceparent")


class DeepPages(Paginator):  # type: ignore[type-arg]
    """A page's ids come from an index alone, so that the hundredth page costs little more than the first. `common` says
    that so many rows fit that they are best read in their order."""

    common = False

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        with in_order() if self.common else nullcontext():
            ids = list(cast("QuerySet[Any]", page.object_list).values_list("pk", flat=True))
        found = FailedTask.objects.defer(*_UNSEEN).in_bulk(ids)
        page.object_list = [found[id_] for id_ in ids if id_ in found]
        return page


@admin.register(FailedTask)
class FailedTaskAdmin(BulkRetryAction, FailurePages):
    # What to do stands first of all, so that no narrow screen hides it.
    list_display = ("failure", "buttons", "about", "word", "failed")
    list_display_links = ("failure",)
    list_filter = (StateFilter, AgeFilter, DateRangeFilter, QueueFilter, TaskFilter, ErrorFilter, GroupFilter)
    search_fields = ("id",)
    search_help_text = gettext_lazy(
        "Order number, message id, a part of the error, or a path into the payload such as payload.order_id=17"
    )
    ordering = ("-finished_at", "-id")
    paginator = DeepPages
    actions = ("retry_selected", "bulk_retry", "discard_selected")
    change_list_template = "admin/operations/failedtask/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedTask]:
        return failures().defer(*_UNSEEN)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search(queryset, search_term), False

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """What the facets have counted is not counted once more."""
        paginator: Any = super().get_paginator(request, queryset, per_page, *args, **kwargs)
        known = count(request, queryset)
        if known is not None:
            paginator.count = known
            paginator.common = facets_of(request).capped
        return paginator

    @admin.display(description=gettext_lazy("failure"), ordering="error_type")
    def failure(self, task: FailedTask) -> SafeString:
        """What and where: error, task and queue, the task's name breakable after the app's."""
        app, dot, name = task.task.rpartition(".")
        return format_html(
            '<strong>{}</strong> {} <span class="desk-aside">{}{}<wbr>{} · {}</span>',
            short(task.error_type), mask_text(task.error_message)[:120], app, dot, name, task.queue,
        )  # fmt: skip

    @admin.display(description=gettext_lazy("died"), ordering="finished_at")
    def failed(self, task: FailedTask) -> str | SafeString:
        return ago(task.finished_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def word(self, message: Message) -> SafeString:
        attempts = ngettext("%(count)d attempt", "%(count)d attempts", message.attempts) % {"count": message.attempts}
        return format_html('{} <span class="desk-aside">{}</span>', state_word(message), attempts)

    @admin.display(description=gettext_lazy("what to do"))
    def buttons(self, task: FailedTask) -> str | SafeString:
        """The list is one form already; `formaction` sends it to the row's own address."""
        if task.state != State.DEAD or not task.task:
            return ""
        return format_html(
            '<button class="button desk-retry" type="submit" formaction="{}" formmethod="post">{}</button>',
            reverse("admin:operations_failedtask_retry", args=[task.pk]),
            _("Retry"),
        )

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if self.has_retry_permission(request):
            return self.list_display
        return tuple(name for name in self.list_display if name != "buttons")

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export_view), name="operations_failedtask_export")
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"export_url": reverse("admin:operations_failedtask_export"), "query": request.GET.urlencode()}
        if request.GET.get("q") and facets_of(request).capped:
            extra["at_most"] = str(AT_MOST)
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """The list as it is filtered, all pages of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted = request.GET.copy()
        as_json = wanted.pop("format", ["csv"])[-1] == "json"
        request.GET = wanted  # type: ignore[assignment]
        rows = self.get_changelist_instance(request).get_queryset(request)
        filters = {name: str(value) for name, value in wanted.items()}
        actions.record_export(actor=Actor.of(request.user), filters=filters)
        told = mask_text(", ".join(f"{name} {value}" for name, value in filters.items()))
        self.log_list(request, _("Exported: %(filters)s") % {"filters": told or _("all")})
        stream = (export.as_json if as_json else export.as_csv)(rows.iterator(chunk_size=500))
        kind, ending = ("application/json", "json") if as_json else ("text/csv; charset=utf-8", "csv")
        name = f"failed-tasks-{timezone.now():%Y%m%d-%H%M%S}.{ending}"
        return StreamingHttpResponse(
            stream, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    @admin.action(description=gettext_lazy("Retry selected"), permissions=["retry"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        ids = self._few(request, queryset)
        if ids:
            self.retry(request, ids)

    @admin.action(description=gettext_lazy("Discard selected…"), permissions=["discard"])
    def discard_selected(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> HttpResponse | None:
        ids = self._few(request, queryset)
        return self.discard_page(request, ids) if ids else None

    def _few(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> list[uuid.UUID]:
        ids = list(queryset.values_list("pk", flat=True)[: FEW + 1])
        if len(ids) <= FEW:
            return ids
        text = _("Nothing was done: choose at most %(few)d at once, or take the whole group.") % {"few": FEW}
        self.message_user(request, text, messages.WARNING)
        return []
