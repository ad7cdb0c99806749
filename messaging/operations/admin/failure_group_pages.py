"""Pages of one failure group: detail, state, note, discard."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from messaging import clock
from messaging.hooks.next_steps import DISCARD, NONE, OPEN_GROUP, RETRY
from messaging.models import Message
from messaging.operations import actions, permissions
from messaging.operations.admin import live
from messaging.operations.admin.base import ReadOnlyAdmin, viewer_who_may
from messaging.operations.admin.failed_task_pages import with_undo
from messaging.operations.admin.one_moment import at_one_moment
from messaging.operations.dashboard.sparkline import sparkline
from messaging.operations.failures import quarantine
from messaging.operations.failures.advice import RESOLVE, step_of_group
from messaging.operations.failures.groups import Trend, dead_subjects, trends
from messaging.operations.models import AuditEntry, FailureGroup, GroupState
from messaging.operations.or_404 import or_404
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from messaging.operations.subject_progress import progress_of

TEMPLATES = "admin/operations/failuregroup/"
_COUNTED = 1000
_STATE_CHANGED = {
    GroupState.ACKNOWLEDGED: gettext_lazy("Group acknowledged."),
    GroupState.RESOLVED: gettext_lazy("Group resolved."),
    GroupState.OPEN: gettext_lazy("Group reopened."),
}


class NoteForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    runbook = forms.URLField(label=gettext_lazy("Runbook URL"), max_length=500, required=False, assume_scheme="https")
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class FailureGroupPages(ReadOnlyAdmin):
    """Pages and actions of single groups."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Actor.of(request.user).may(permissions.VIEW)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = [
            path("<str:fingerprint>/live/", wrap(require_GET(self.live_view)), name="operations_failuregroup_live_one"),
            path("<str:fingerprint>/state/", wrap(require_POST(self.state_view)), name="operations_failuregroup_state"),
            path("<str:fingerprint>/note/", wrap(require_POST(self.note_view)), name="operations_failuregroup_note"),
            path("<str:fingerprint>/discard/", wrap(self.discard_view), name="operations_failuregroup_discard"),
        ]
        return [*pages, *super().get_urls()]

    @at_one_moment
    def live_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        group = _get_or_404(fingerprint)
        return live.respond(
            request, TEMPLATES + "_status.html", _status(group, request), refresh_url=_refresh_url(group)
        )

    @at_one_moment
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Read-only, so a POST is refused."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        return self._detail_page(request, _get_or_404(object_id))

    @or_404(FailureGroup)
    def state_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        actor, group = viewer_who_may(request, permissions.RETRY), _get_or_404(fingerprint)
        state, note = request.POST.get("state", ""), request.POST.get("note", "").strip()
        if state not in _STATE_CHANGED:
            raise Http404
        try:
            actions.set_group_state(fingerprint=group.pk, state=GroupState(state), actor=actor, note=note)
        except actions.IllegalGroupState as error:
            group = _get_or_404(fingerprint)
            if group.state != state or note not in ("", group.note):  # else the first of two clicks has changed it
                self.message_user(request, str(error), messages.WARNING)
        else:
            text = str(_STATE_CHANGED[GroupState(state)])
            self.log(request, [group], text)
            self.message_user(request, f"{text} {_still_dead(group, state)}".strip(), messages.SUCCESS)
        return _redirect(group)

    @or_404(FailureGroup)
    def note_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        actor, group = viewer_who_may(request, permissions.RETRY), _get_or_404(fingerprint)
        form = NoteForm(request.POST)
        if not form.is_valid():
            return self._detail_page(request, group, form=form)
        try:
            actions.annotate_group(fingerprint=group.pk, actor=actor, **form.cleaned_data)
        except actions.NoteChanged:
            return self._show_both_notes(request, _get_or_404(fingerprint), form)
        self.log(request, [group], _("Note saved."))
        self.message_user(request, _("Note saved."), messages.SUCCESS)
        return _redirect(group)

    def _show_both_notes(self, request: HttpRequest, group: FailureGroup, form: NoteForm) -> HttpResponse:
        """The form keeps what the operator wrote; saved again, it replaces the note that is shown beside it."""
        text = _("The note was changed after you opened this page: “%(note)s” (%(runbook)s). Save again to replace it.")
        self.message_user(request, text % {"note": group.note, "runbook": group.runbook or "–"}, messages.WARNING)
        shown = NoteForm(initial=form.cleaned_data | {"seen": actions.note_version(group)})
        return self._detail_page(request, group, form=shown)

    def discard_view(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        """Ask for a reason, then discard exactly the messages that were dead when the page was shown."""
        actor, group = viewer_who_may(request, permissions.DISCARD), _get_or_404(fingerprint)
        reason, until = request.POST.get("reason", "").strip(), _parse_moment(request.POST.get("until", ""))
        if request.method != "POST" or not reason or until is None:
            context = {"missing_reason": request.method == "POST", "until": clock.now().isoformat()}
            return self._page(request, "discard.html", title=_("Discard this group"), original=group, **context)
        operation, count = actions.discard_group(fingerprint=group.pk, until=until, actor=actor, reason=reason)
        text = ngettext("%(count)d task discarded.", "%(count)d tasks discarded.", count) % {"count": count}
        if count:
            self.log(request, [group], _("Discarded: %(reason)s") % {"reason": reason})
            self.message_user(request, with_undo(text, operation), messages.SUCCESS)
        else:
            self.message_user(request, text, messages.WARNING)
        return _redirect(group)

    def _detail_page(self, request: HttpRequest, group: FailureGroup, **context: Any) -> HttpResponse:
        actor = Actor.of(request.user)
        page: dict[str, Any] = {
            "title": str(group),
            "original": group,
            "refresh_url": _refresh_url(group),
            **live.fragment(request, TEMPLATES + "_status.html", _status(group, request)),
            "progress": progress_of(dead_subjects(group.pk)),
            "form": NoteForm(
                initial={"note": group.note, "runbook": group.runbook, "seen": actions.note_version(group)}
            ),
            "transitions": _transitions(group) if actor.may(permissions.RETRY) else [],
            "may_edit_note": actor.may(permissions.RETRY),
        }
        return self._page(request, "detail.html", **{**page, **context})

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, TEMPLATES + template, {**shared, **context})


def day_chart(trend: Trend) -> SafeString:
    return _chart(trend.day, _("24 hours: %(n)s dead, peak %(peak)s per hour"))


def week_chart(trend: Trend) -> SafeString:
    return _chart(trend.week, _("7 days: %(n)s dead, peak %(peak)s per 6 hours"))


def _chart(values: Sequence[int], text: str) -> SafeString:
    total, peak = (number_format(number, force_grouping=True) for number in (sum(values), max(values)))
    return sparkline(values, caption=text % {"n": total, "peak": peak})


def state_badge(group: FailureGroup) -> SafeString:
    return format_html('<span class="desk-state" data-state="{}">{}</span>', group.state, group.get_state_display())


def _status(group: FailureGroup, request: HttpRequest) -> dict[str, Any]:
    """The part of the page that changes without the operator's doing, the next step and its buttons with it."""
    actor, step = Actor.of(request.user), step_of_group(group)
    trend = trends([group.pk])[group.pk]
    newest = Message.objects.dead().filter(fingerprint=group.pk).order_by("-finished_at")
    return {
        "original": group,
        "step": step,
        "may_resolve": step.action == RESOLVE and actor.may(permissions.RETRY),
        "may_discard": actor.may(permissions.DISCARD) and group.dead_count > 0,
        "each_alone": step.action not in (RETRY, DISCARD, OPEN_GROUP, NONE, RESOLVE),
        "bulk_url": _bulk_url(group) if actor.may(permissions.BULK) and group.dead_count else "",
        "quarantined": Message.objects.filter(quarantine.condition(), fingerprint=group.pk).count_up_to(_COUNTED),
        "state": state_badge(group),
        "error_message": mask_text(group.error_message),
        "day": day_chart(trend),
        "week": week_chart(trend),
        "newest": newest[:10],
        "entries": AuditEntry.objects.filter(group=group.pk).order_by("-id")[:20],
    }


def _still_dead(group: FailureGroup, state: str) -> str:
    """What is left to do in a group that was resolved: it has left the list of those that need attention."""
    if state != GroupState.RESOLVED or not group.dead_count:
        return ""
    text = ngettext(
        "%(count)d task is still dead: retry or discard it.",
        "%(count)d tasks are still dead: retry or discard them.",
        group.dead_count,
    )
    return text % {"count": group.dead_count}


def _refresh_url(group: FailureGroup) -> str:
    return reverse("admin:operations_failuregroup_live_one", args=[group.pk])


def _transitions(group: FailureGroup) -> Sequence[tuple[str, Any]]:
    """The states that the group can change to, each with its button; not the one that is the next step's."""
    acknowledge = (GroupState.ACKNOWLEDGED, gettext_lazy("Acknowledge group"))
    resolve = (GroupState.RESOLVED, gettext_lazy("Resolve group"))
    reopen = (GroupState.OPEN, gettext_lazy("Reopen group"))
    possible = {
        GroupState.OPEN: [acknowledge, resolve],
        GroupState.ACKNOWLEDGED: [resolve, reopen],
        GroupState.RESOLVED: [reopen],
        GroupState.REGRESSED: [acknowledge, resolve, reopen],
    }[GroupState(group.state)]
    return [each for each in possible if each is not resolve or step_of_group(group).action != RESOLVE]


def _bulk_url(group: FailureGroup) -> str:
    return f"{reverse('admin:operations_bulk_new')}?group={group.pk}"


def _get_or_404(fingerprint: str) -> FailureGroup:
    group = FailureGroup.objects.filter(pk=fingerprint).first()
    if group is None:
        raise Http404
    return group


def _parse_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _redirect(group: FailureGroup) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:operations_failuregroup_change", args=[group.pk]))
