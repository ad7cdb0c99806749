"""Which kinds of failure are there, which of them grow, and what is known about each? The desk's landing page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from messaging.models import Message
from messaging.operations import actions, permissions
from messaging.operations.admin import live
from messaging.operations.admin.base import ReadOnlyAdmin, ago
from messaging.operations.admin.filters import GroupStateFilter
from messaging.operations.dashboard.sparkline import sparkline
from messaging.operations.failures.groups import Trend, trends
from messaging.operations.models import AuditEntry, FailureGroup, GroupState
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from messaging.transitions.failure import short

_PAGES = "admin/operations/failuregroup/"


class KnowledgeForm(forms.Form):
    note = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    runbook = forms.URLField(max_length=500, required=False, assume_scheme="https")


class GroupList(ChangeList):
    """The page's rows with their trends, by one statement for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        by_group = trends(row.pk for row in self.result_list)
        for row in self.result_list:
            row.trend = by_group[row.pk]


@admin.register(FailureGroup)
class FailureGroupAdmin(ReadOnlyAdmin):
    list_display = ("failure", "dead", "trend", "state_text", "seen")
    list_display_links = ("failure",)
    list_filter = (GroupStateFilter, "queue")
    search_fields = ("=fingerprint", "error_type", "error_message", "task")
    search_help_text = gettext_lazy("A part of the error, the task, or the group's fingerprint")
    ordering = ("-dead_count", "-last_seen")
    actions = None
    change_list_template = _PAGES + "change_list.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Actor.of(request.user).may(permissions.VIEW)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return GroupList

    @admin.display(description=gettext_lazy("failure"), ordering="error_type")
    def failure(self, group: FailureGroup) -> SafeString:
        """What, where, and what is known about it."""
        return format_html(
            '<strong>{}</strong> {} <span class="desk-aside">{} {}</span>',
            short(group.error_type), mask_text(group.error_message)[:120], group.task, mask_text(group.note)[:80],
        )  # fmt: skip

    @admin.display(description=gettext_lazy("dead"), ordering="dead_count")
    def dead(self, group: FailureGroup) -> SafeString:
        return format_html('{} <span class="desk-unit">{}</span>', group.dead_count, _("dead"))

    @admin.display(description=gettext_lazy("last day, last week"))
    def trend(self, group: FailureGroup) -> SafeString:
        trend = _trend(group)
        return format_html("{} {}", _day(trend), _week(trend))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_text(self, group: FailureGroup) -> SafeString:
        if not group.runbook:
            return _state(group)
        return format_html('{} <a href="{}" rel="noreferrer">{}</a>', _state(group), group.runbook, _("runbook"))

    @admin.display(description=gettext_lazy("last and first seen"), ordering="last_seen")
    def seen(self, group: FailureGroup) -> SafeString:
        return format_html('{} <span class="desk-aside">{}</span>', ago(group.last_seen), ago(group.first_seen))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = [
            path("live/", wrap(require_GET(self.live_list_view)), name="operations_failuregroup_live"),
            path("<str:fingerprint>/live/", wrap(require_GET(self.live_view)), name="operations_failuregroup_live_one"),
            path("<str:fingerprint>/state/", wrap(require_POST(self.state_view)), name="operations_failuregroup_state"),
            path("<str:fingerprint>/note/", wrap(require_POST(self.note_view)), name="operations_failuregroup_note"),
            path("<str:fingerprint>/discard/", wrap(self.discard_view), name="operations_failuregroup_discard"),
        ]
        return [*pages, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context: dict[str, Any] | None = getattr(response, "context_data", None)
        if context and "cl" in context:
            again = _with_query(reverse("admin:operations_failuregroup_live"), request)
            context |= live.part(request, _PAGES + "_list.html", {"cl": context["cl"], "opts": self.opts})
            context |= {"again": again, "query": request.GET.urlencode()}
        return response

    def live_list_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        changelist: Any = self.get_changelist_instance(request)
        # What the list's own address gives a change list: its table asks for these, and links lead back by them.
        changelist.formset = None
        filters = request.GET.urlencode()
        changelist.preserved_filters = urlencode({"_changelist_filters": filters}) if filters else ""
        again = _with_query(reverse("admin:operations_failuregroup_live"), request)
        return live.answer(request, _PAGES + "_list.html", {"cl": changelist, "opts": self.opts}, again=again)

    def live_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        group = _found(fingerprint)
        return live.answer(request, _PAGES + "_standing.html", self._standing(group), again=_again(group))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        return self._group_page(request, _found(object_id))

    def state_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        actor, group = _may(request, permissions.RETRY), _found(fingerprint)
        wanted = request.POST.get("state", "")
        if wanted not in GroupState.values or wanted == GroupState.REGRESSED:
            raise Http404
        try:
            actions.set_group_state(
                fingerprint=group.pk, state=GroupState(wanted), actor=actor, note=request.POST.get("note", "").strip()
            )
        except actions.IllegalGroupState as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.log(request, [group], _("State: %(state)s") % {"state": GroupState(wanted).label})
            self.message_user(request, _("Noted."), messages.SUCCESS)
        return _back_to(group)

    def note_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        actor, group = _may(request, permissions.RETRY), _found(fingerprint)
        form = KnowledgeForm(request.POST)
        if not form.is_valid():
            return self._group_page(request, group, form=form)
        actions.annotate_group(fingerprint=group.pk, actor=actor, **form.cleaned_data)
        self.log(request, [group], _("Note changed"))
        self.message_user(request, _("Noted."), messages.SUCCESS)
        return _back_to(group)

    def discard_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        """Exactly those that were dead when the page was shown, for a reason."""
        actor, group = _may(request, permissions.DISCARD), _found(fingerprint)
        reason, until = request.POST.get("reason", "").strip(), _moment(request.POST.get("until", ""))
        if request.method != "POST" or not reason or until is None:
            context = {"missing_reason": request.method == "POST", "until": timezone.now().isoformat()}
            return self._page(request, "discard.html", title=_("Discard the group"), original=group, **context)
        operation, count = actions.discard_group(fingerprint=group.pk, until=until, actor=actor, reason=reason)
        self.log(request, [group], _("Discarded: %(reason)s") % {"reason": reason})
        text = ngettext("%(count)d task discarded.", "%(count)d tasks discarded.", count) % {"count": count}
        undo = reverse("admin:operations_failedtask_undo", args=[operation])
        self.message_user(
            request, format_html('{} <a href="{}">{}</a>', text, undo, _("Take it back")), messages.SUCCESS
        )
        return _back_to(group)

    def _group_page(self, request: HttpRequest, group: FailureGroup, **context: Any) -> HttpResponse:
        actor = Actor.of(request.user)
        page: dict[str, Any] = {
            "title": str(group),
            "original": group,
            "again": _again(group),
            **live.part(request, _PAGES + "_standing.html", self._standing(group)),
            "form": KnowledgeForm(initial={"note": group.note, "runbook": group.runbook}),
            "moves": _moves(group) if actor.may(permissions.RETRY) else [],
            "may_discard": actor.may(permissions.DISCARD) and group.dead_count > 0,
            "may_note": actor.may(permissions.RETRY),
            "bulk_url": _bulk_url(group) if actor.may(permissions.BULK) and group.dead_count else "",
        }
        return self._page(request, "group.html", **{**page, **context})

    def _standing(self, group: FailureGroup) -> dict[str, Any]:
        """What changes by itself while somebody looks."""
        trend = trends([group.pk])[group.pk]
        newest = Message.objects.dead().filter(fingerprint=group.pk).order_by("-finished_at")
        return {
            "original": group,
            "state": _state(group),
            "error_message": mask_text(group.error_message),
            "day": _day(trend),
            "week": _week(trend),
            "newest": newest[:10],
            "history": AuditEntry.objects.filter(group=group.pk).order_by("-id")[:20],
        }

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, {**shared, **context})


def _again(group: FailureGroup) -> str:
    return reverse("admin:operations_failuregroup_live_one", args=[group.pk])


def _with_query(url: str, request: HttpRequest) -> str:
    return f"{url}?{request.GET.urlencode()}" if request.GET else url


def _trend(group: FailureGroup) -> Trend:
    trend: Trend = group.trend  # type: ignore[attr-defined]
    return trend


def _day(trend: Trend) -> SafeString:
    count = sum(trend.day)
    return sparkline(trend.day, title=ngettext("%(n)d in the last day", "%(n)d in the last day", count) % {"n": count})


def _week(trend: Trend) -> SafeString:
    count = sum(trend.week)
    return sparkline(
        trend.week, title=ngettext("%(n)d in the last week", "%(n)d in the last week", count) % {"n": count}
    )


def _state(group: FailureGroup) -> SafeString:
    return format_html('<span class="desk-state" data-state="{}">{}</span>', group.state, group.get_state_display())


def _moves(group: FailureGroup) -> Sequence[tuple[str, Any]]:
    """What the group may become from the state it is in, in the words of buttons."""
    acknowledge = (GroupState.ACKNOWLEDGED, gettext_lazy("Acknowledge"))
    resolve, reopen = (GroupState.RESOLVED, gettext_lazy("Resolve")), (GroupState.OPEN, gettext_lazy("Reopen"))
    return {
        GroupState.OPEN: [acknowledge, resolve],
        GroupState.ACKNOWLEDGED: [resolve, reopen],
        GroupState.RESOLVED: [reopen],
        GroupState.REGRESSED: [acknowledge, resolve, reopen],
    }[GroupState(group.state)]


def _bulk_url(group: FailureGroup) -> str:
    """The page that previews a bulk retry, where there is one."""
    try:
        return f"{reverse('admin:operations_bulk_new')}?group={group.pk}"
    except NoReverseMatch:
        return ""


def _found(fingerprint: str) -> FailureGroup:
    group = FailureGroup.objects.filter(pk=fingerprint).first()
    if group is None:
        raise Http404
    return group


def _may(request: HttpRequest, codename: str) -> Actor:
    actor = Actor.of(request.user)
    actor.require(codename)
    return actor


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _back_to(group: FailureGroup) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:operations_failuregroup_change", args=[group.pk]))
