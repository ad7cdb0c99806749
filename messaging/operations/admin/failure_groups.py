"""Failure groups: the desk's landing page, a list that refreshes itself."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from messaging.operations.admin import live
from messaging.operations.admin.base import excerpt, moment, with_code
from messaging.operations.admin.failure_group_pages import (
    TEMPLATES,
    FailureGroupPages,
    day_chart,
    state_badge,
    week_chart,
)
from messaging.operations.admin.filters import GroupStateFilter
from messaging.operations.admin.one_moment import at_one_moment
from messaging.operations.failures.groups import Trend, trends
from messaging.operations.models import FailureGroup
from messaging.operations.privacy.masking import mask_text
from messaging.transitions.failure import short


class GroupList(ChangeList):
    """Adds each row's trend, with one statement for the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        by_group = trends(row.pk for row in self.result_list)
        for row in self.result_list:
            row.trend = by_group[row.pk]


@admin.register(FailureGroup)
class FailureGroupAdmin(FailureGroupPages):
    list_display = ("failure", "dead", "trend", "state_column", "seen")
    list_display_links = ("failure",)
    list_filter = (GroupStateFilter, "queue")
    search_fields = ("=fingerprint", "error_type", "error_message", "task")
    search_help_text = gettext_lazy("Part of the error, the task, or the group's fingerprint")
    ordering = ("-dead_count", "-last_seen")
    actions = None
    change_list_template = TEMPLATES + "change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return GroupList

    @admin.display(description=gettext_lazy("failure"), ordering="error_type")
    def failure(self, group: FailureGroup) -> SafeString:
        """Error, task, and the start of the group's note."""
        return format_html(
            '<strong>{}</strong> {} <span class="desk-aside">{} {}</span>',
            short(group.error_type), with_code(excerpt(mask_text(group.error_message), most=120)),
            group.task, excerpt(mask_text(group.note), most=80),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("dead"), ordering="dead_count")
    def dead(self, group: FailureGroup) -> SafeString:
        return format_html('{} <span class="desk-unit">{}</span>', group.dead_count, _("dead"))

    @admin.display(description=gettext_lazy("last 24 hours, last 7 days"))
    def trend(self, group: FailureGroup) -> SafeString:
        trend: Trend = group.trend  # type: ignore[attr-defined]
        return format_html("{} {}", day_chart(trend), week_chart(trend))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_column(self, group: FailureGroup) -> SafeString:
        if not group.runbook:
            return state_badge(group)
        return format_html('{} <a href="{}" rel="noreferrer">{}</a>', state_badge(group), group.runbook, _("runbook"))

    @admin.display(description=gettext_lazy("last and first seen"), ordering="last_seen")
    def seen(self, group: FailureGroup) -> SafeString:
        return format_html(
            '{} <span class="desk-aside desk-line">{} {}</span>',
            moment(group.last_seen), _("first"), moment(group.first_seen),
        )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_GET(self.live_list_view))
        return [path("live/", view, name="operations_failuregroup_live"), *super().get_urls()]

    @at_one_moment
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context: dict[str, Any] | None = getattr(response, "context_data", None)
        if context and "cl" in context:
            context |= live.fragment(request, TEMPLATES + "_list.html", {"cl": context["cl"], "opts": self.opts})
            context |= {"refresh_url": _refresh_url(request), "query": request.GET.urlencode()}
        return response

    @at_one_moment
    def live_list_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        changelist: Any = self.get_changelist_instance(request)
        # `changelist_view` sets these: the table's template reads them, and links back to the list are built from them.
        changelist.formset = None
        filters = request.GET.urlencode()
        changelist.preserved_filters = urlencode({"_changelist_filters": filters}) if filters else ""
        context = {"cl": changelist, "opts": self.opts}
        return live.respond(request, TEMPLATES + "_list.html", context, refresh_url=_refresh_url(request))


def _refresh_url(request: HttpRequest) -> str:
    url = reverse("admin:operations_failuregroup_live")
    return f"{url}?{request.GET.urlencode()}" if request.GET else url
