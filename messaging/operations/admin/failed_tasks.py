"""Failed tasks: searchable, filterable list with export, retry and discard."""

import uuid
from contextlib import nullcontext
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
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
from django.views.decorators.http import require_GET

from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.admin.base import BoundedList, excerpt, moment, state_badge, with_code
from messaging.operations.admin.bulk_retries import BulkRetryAction
from messaging.operations.admin.buttons import Button, buttons_of
from messaging.operations.admin.failed_task_pages import FailedTaskPages
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
from messaging.operations.admin.one_moment import at_one_moment
from messaging.operations.failures import export
from messaging.operations.failures.advice import advise
from messaging.operations.failures.downloads import one_of_few
from messaging.operations.failures.facets import AT_MOST
from messaging.operations.failures.search import failures, search
from messaging.operations.failures.search_indexes import in_order
from messaging.operations.models import FailedTask
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from messaging.transitions.failure import short

#: The most tasks that a list action retries or discards one by one. More than that needs a bulk retry.
MAX_SELECTED = 100
_NOT_SHOWN = ("raw_body", "traceparent")


class DeepPages(Paginator):  # type: ignore[type-arg]
    """Reads a page's ids from an index alone, so that the hundredth page costs little more than the first.

    `reads_in_order`: so many rows match that reading them in index order is fastest.
    """

    reads_in_order = False

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        with in_order() if self.reads_in_order else nullcontext():
            ids = list(cast("QuerySet[Any]", page.object_list).values_list("pk", flat=True))
        found = FailedTask.objects.defer(*_NOT_SHOWN).in_bulk(ids)
        page.object_list = [found[id_] for id_ in ids if id_ in found]
        return page


class FailedTaskList(BoundedList):
    """Adds advice and its button to each row, in a constant number of statements."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        advice = advise(rows := list(self.result_list))
        for row in rows:
            row.advice = advice[row.pk]
            row.next_button = next(iter(buttons_of(row, row.advice, user=request.user)), None)
        self.result_list = rows


@admin.register(FailedTask)
class FailedTaskAdmin(BulkRetryAction, FailedTaskPages):
    # The button comes second, so that no narrow screen hides it.
    list_display = ("failure", "next_button", "subject_column", "state_column", "died")
    list_display_links = ("failure",)
    list_filter = (StateFilter, AgeFilter, DateRangeFilter, QueueFilter, TaskFilter, ErrorFilter, GroupFilter)
    search_fields = ("id",)
    search_help_text = gettext_lazy(
        "Order number, message ID, part of the error, or a payload path such as payload.order_id=17"
    )
    ordering = ("-finished_at", "-id")
    paginator = DeepPages
    actions = ("retry_selected", "bulk_retry", "discard_selected")
    change_list_template = "admin/operations/failedtask/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedTask]:
        return failures().defer(*_NOT_SHOWN)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search(queryset, search_term), False

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Reuses the count of the facets, if they have it."""
        paginator: Any = super().get_paginator(request, queryset, per_page, *args, **kwargs)
        total = count(request, queryset)
        if total is not None:
            paginator.count = total
            paginator.reads_in_order = facets_of(request).capped
        return paginator

    @admin.display(description=gettext_lazy("failure"), ordering="error_type")
    def failure(self, task: FailedTask) -> SafeString:
        """Error, task and queue, and what to do; the task's name may break after its app."""
        app, dot, name = task.task.rpartition(".")
        return format_html(
            '<strong>{}</strong> {} <span class="desk-aside">{}{}</span>{}',
            short(task.error_type), with_code(excerpt(mask_text(task.error_message), most=120)),
            format_html("{}{}<wbr>{} · ", app, dot, name) if task.task else "", task.queue, _advice_line(task),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("ended"), ordering="finished_at")
    def died(self, task: FailedTask) -> str | SafeString:
        return moment(task.finished_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_column(self, message: Message) -> SafeString:
        attempts = ngettext("%(count)d attempt", "%(count)d attempts", message.attempts) % {"count": message.attempts}
        return format_html('{} <span class="desk-aside">{}</span>', state_badge(message), attempts)

    @admin.display(description=gettext_lazy("action"))
    def next_button(self, task: FailedTask) -> str | SafeString:
        """The first button of the task's page."""
        button: Button | None = task.next_button  # type: ignore[attr-defined]
        return button.in_list() if button else ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FailedTaskList

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if self.has_retry_permission(request):
            return self.list_display
        return tuple(name for name in self.list_display if name != "next_button")

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_GET(self.export_view))
        return [path("export/", export, name="operations_failedtask_export"), *super().get_urls()]

    @at_one_moment
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"export_url": reverse("admin:operations_failedtask_export"), "query": request.GET.urlencode()}
        if request.GET.get("q") and facets_of(request).capped:
            extra["at_most"] = str(AT_MOST)
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    @one_of_few
    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """All pages of the list, as filtered."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = request.GET.copy()
        as_json = query.pop("format", ["csv"])[-1] == "json"
        request.GET = query  # type: ignore[assignment]
        rows = self.get_changelist_instance(request).get_queryset(request)
        filters = {name: str(value) for name, value in query.items()}
        actions.record_export(actor=Actor.of(request.user), filters=filters)
        description = mask_text(", ".join(f"{name} {value}" for name, value in filters.items()))
        self.log_list(request, _("Exported: %(filters)s") % {"filters": description or _("all")})
        stream = (export.as_json if as_json else export.as_csv)(rows.iterator(chunk_size=500))
        content_type, extension = ("application/json", "json") if as_json else ("text/csv; charset=utf-8", "csv")
        name = f"failed-tasks-{timezone.now():%Y%m%d-%H%M%S}.{extension}"
        return StreamingHttpResponse(
            stream, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    @admin.action(description=gettext_lazy("Retry selected tasks"), permissions=["retry"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        ids = self._selected_ids(request, queryset)
        if ids:
            self.retry(request, ids)

    @admin.action(description=gettext_lazy("Discard selected tasks"), permissions=["discard"])
    def discard_selected(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> HttpResponse | None:
        ids = self._selected_ids(request, queryset)
        return self.discard_page(request, ids) if ids else None

    def _selected_ids(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> list[uuid.UUID]:
        ids = list(queryset.values_list("pk", flat=True)[: MAX_SELECTED + 1])
        if len(ids) <= MAX_SELECTED:
            return ids
        text = _("Nothing was changed: select at most %(limit)d tasks, or use a bulk retry or the failure group.")
        text %= {"limit": MAX_SELECTED}
        self.message_user(request, text, messages.WARNING)
        return []


def _advice_line(task: FailedTask) -> str | SafeString:
    if task.state != State.DEAD:
        return ""
    advice = with_code(task.advice.step.advice)  # type: ignore[attr-defined]
    return format_html('<span class="desk-aside desk-advice">{}</span>', advice)
