"""Pages of one failed task: detail, reveal, dry run, retry, edit, discard, restore, undo."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from pydantic import ValidationError

from messaging.models import Message, State
from messaging.operations import actions, permissions
from messaging.operations.actions import groups as group_actions
from messaging.operations.actions.dry_runs import may_end_process
from messaging.operations.admin.base import ReadOnlyAdmin, list_url, raw_body, raw_headers, viewer_who_may
from messaging.operations.admin.buttons import buttons_of
from messaging.operations.admin.edit_form import EditForm
from messaging.operations.dry_runs.report import as_dict
from messaging.operations.dry_runs.run import CannotDryRun
from messaging.operations.failures import quarantine
from messaging.operations.failures.detail import detail_of
from messaging.operations.failures.payload_diff import differences
from messaging.operations.models import FailedTask, FailureGroup
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask, mask_text
from messaging.relay import protocol

_PAGES = "admin/operations/failedtask/"
#: The most messages of one undo that go into Django's admin history; the audit log has all of them.
_MAX_LOGGED = 100


class FailedTaskPages(ReadOnlyAdmin):
    """Pages and actions of single messages."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Actor.of(request.user).may(permissions.VIEW)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return Actor.of(request.user).may(permissions.RETRY)

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return Actor.of(request.user).may(permissions.DISCARD)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = [
            path(f"<uuid:id_>/{name}/", wrap(view), name=f"operations_failedtask_{name}")
            for name, view in (
                ("retry", require_POST(self.retry_view)),
                ("reveal", require_POST(self.reveal_view)),
                ("dry_run", require_POST(self.dry_run_view)),
                ("restore", require_POST(self.restore_view)),
                ("release", require_POST(self.release_view)),
                ("edit", require_http_methods(["GET", "POST"])(self.edit_view)),
                ("discard", self.discard_view),
            )
        ]
        undo = path("undo/<uuid:operation_id>/", wrap(self.undo_view), name="operations_failedtask_undo")
        return [undo, *pages, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Read-only, so a POST is refused."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            message = _get_or_404(uuid.UUID(object_id))
        except ValueError:
            raise Http404 from None
        return self._detail_page(request, message)

    def reveal_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        """The detail page with the payload unmasked. POST only, because the access is audited."""
        actor = viewer_who_may(request, permissions.REVEAL)
        message = _get_or_404(id_)
        actions.reveal(message=message, actor=actor, reason=request.POST.get("reason", ""))
        self.log(request, [message], _("Payload revealed"))
        return self._detail_page(request, message, revealed=True)

    def dry_run_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        """The detail page with the result. POST only, because it is audited."""
        actor = viewer_who_may(request, permissions.RETRY)
        message = _get_or_404(id_)
        try:
            result = actions.dry_run(message=message, actor=actor)
        except CannotDryRun as error:
            self.message_user(request, str(error), messages.WARNING)
            return HttpResponseRedirect(_url(id_))
        self.log(request, [message], _("Dry run"))
        return self._detail_page(request, message, dry_run=as_dict(result))

    def retry_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        """A quarantined task is retried once the operator has confirmed that."""
        viewer_who_may(request, permissions.RETRY)
        message, confirmed = _get_or_404(id_), "confirmed" in request.POST
        if quarantine.is_quarantined(message) and not confirmed:
            context = {"title": _("Retry quarantined task"), "original": message, "why": quarantine.sentence(message)}
            return self._page(request, "confirm_retry.html", **context)
        self.retry(request, [id_], confirm_quarantined=confirmed)
        return HttpResponseRedirect(_list_before(request) or _url(id_))

    def release_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        actor = viewer_who_may(request, permissions.RETRY)
        outcome = actions.release(ids=[id_], actor=actor, reason=request.POST.get("reason", ""))
        self._report(request, outcome, _("1 task released from quarantine."), _("Released from quarantine"))
        return HttpResponseRedirect(_url(id_))

    def discard_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        viewer_who_may(request, permissions.DISCARD)
        return self.discard_page(request, [id_])

    def restore_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        actor = viewer_who_may(request, permissions.DISCARD)
        outcome = actions.restore(ids=[id_], actor=actor, reason=request.POST.get("reason", ""))
        self._report(request, outcome, _("1 task restored."), _("Restored"))
        return HttpResponseRedirect(_url(id_))

    def undo_view(self, request: HttpRequest, operation_id: uuid.UUID) -> HttpResponse:
        """Undo a whole discard, once the operator has confirmed how many tasks that restores."""
        actor = viewer_who_may(request, permissions.DISCARD)
        if request.method == "POST":
            reason = request.POST.get("reason", "").strip()
            count = actions.restore_operation(operation_id=operation_id, actor=actor, reason=reason)
            text = ngettext("%(count)d task restored.", "%(count)d tasks restored.", count) % {"count": count}
            if count:
                self._log_undo(request, operation_id, text)
            self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)
            return HttpResponseRedirect(reverse("admin:operations_failedtask_changelist"))
        count = group_actions.discarded_by(operation_id)
        return self._page(request, "undo.html", title=_("Undo discard"), count=count)

    def edit_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        """Three steps: a form built from the task's schema, the difference with a reason, the retry."""
        actor = viewer_who_may(request, permissions.EDIT)
        message = _get_or_404(id_)
        try:
            form = EditForm(message, request.POST if request.method == "POST" else None)
        except actions.CannotEdit as error:
            raise PermissionDenied(str(error)) from None
        if request.method != "POST" and actions.reveal_for_edit(message=message, actor=actor):
            self.log(request, [message], _("Payload revealed"))
        if request.method != "POST" or "change" in request.POST or not form.is_valid():
            return self._edit_page(request, message, form)
        reason = request.POST.get("reason", "").strip()
        if "apply" not in request.POST or not reason:
            return self._confirm_page(request, message, form, missing_reason="apply" in request.POST)
        return self._apply(request, message, form, actor=actor, reason=reason)

    def retry(self, request: HttpRequest, ids: Iterable[uuid.UUID], *, confirm_quarantined: bool = False) -> None:
        outcome = actions.retry(ids=ids, actor=Actor.of(request.user), confirm_quarantined=confirm_quarantined)
        values = {"count": (count := len(outcome.done))}
        text = ngettext("%(count)d task queued for retry.", "%(count)d tasks queued for retry.", count) % values
        if count == 1 and _list_before(request):
            text = _with_link(text, _url(outcome.done[0]), _("Open task"))
        self._report(request, outcome, text, _("Queued for retry"))

    def discard_page(self, request: HttpRequest, ids: list[uuid.UUID]) -> HttpResponse:
        """Ask for a reason, then discard."""
        reason = request.POST.get("reason", "").strip()
        if request.method != "POST" or not reason:
            tasks = list(FailedTask.objects.filter(pk__in=ids))
            return self._page(
                request,
                "discard.html",
                title=_("Discard tasks") if len(ids) > 1 else _("Discard task"),
                tasks=tasks,
                seen=",".join(f"{task.pk} {actions.version_of(task)}" for task in tasks),
                missing_reason="reason" in request.POST,
            )
        seen = request.POST["seen"].split(",") if "seen" in request.POST else None
        outcome = actions.discard(ids=ids, actor=Actor.of(request.user), reason=reason, seen=seen)
        count = len(outcome.done)
        text = ngettext("%(count)d task discarded.", "%(count)d tasks discarded.", count) % {"count": count}
        text = with_undo(text, outcome.operation_id)
        self._report(request, outcome, text, _("Discarded: %(reason)s") % {"reason": reason})
        return HttpResponseRedirect(reverse("admin:operations_failedtask_changelist"))

    def _detail_page(
        self, request: HttpRequest, message: Message, *, revealed: bool = False, dry_run: dict[str, Any] | None = None
    ) -> TemplateResponse:
        detail, masked = detail_of(message), _is_masked(message)
        return self._page(
            request,
            "detail.html",
            title=str(message),
            original=message,
            detail=detail,
            buttons=buttons_of(message, detail.advice, user=request.user),
            may_reveal=masked and not revealed and Actor.of(request.user).may(permissions.REVEAL),
            revealed=revealed,
            dry_run=dry_run,
            dry_run_alone=may_end_process(message) and message.state == State.DEAD,
            masked=masked,
            payload=message.payload if revealed else mask(message.payload),
            error_message=message.error_message if revealed else mask_text(message.error_message),
            edits=[(edit, differences(mask(edit.before), mask(edit.after))) for edit in detail.edits],
            raw=(raw_body(message), raw_headers(message)) if message.raw_body is not None else None,
            headers=protocol.headers_of(message),
        )

    def _edit_page(self, request: HttpRequest, message: Message, form: EditForm) -> TemplateResponse:
        return self._page(
            request,
            "edit.html",
            title=_("Edit and retry"),
            original=message,
            form=form,
            seen=actions.version_of(message),
        )

    def _confirm_page(
        self, request: HttpRequest, message: Message, form: EditForm, *, missing_reason: bool
    ) -> TemplateResponse:
        return self._page(
            request,
            "confirm_edit.html",
            title=_("Confirm edit"),
            original=message,
            form=form,
            seen=request.POST.get("seen", ""),
            rows=differences(message.payload, form.payload),
            missing_reason=missing_reason,
        )

    def _apply(
        self, request: HttpRequest, message: Message, form: EditForm, *, actor: Actor, reason: str
    ) -> HttpResponse:
        try:
            outcome = actions.edit_and_retry(
                id_=message.pk, data=form.payload, seen=request.POST.get("seen", ""), actor=actor, reason=reason
            )
        except ValidationError as error:
            raise PermissionDenied(str(error)) from None
        self._report(
            request, outcome, _("1 task edited and queued for retry."), _("Edited and queued for retry: %s") % reason
        )
        return HttpResponseRedirect(_url(message.pk))

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, {**shared, **context})

    def _log_undo(self, request: HttpRequest, operation_id: uuid.UUID, text: str) -> None:
        """Log the undo on the restored messages and on their groups."""
        restored = FailedTask.objects.filter(pk__in=group_actions.restored_by(operation_id))
        groups = FailureGroup.objects.filter(pk__in=restored.order_by().values("fingerprint"))
        self.log(request, [*restored[:_MAX_LOGGED], *groups], text)

    def _report(self, request: HttpRequest, outcome: actions.Outcome, text: str, log_text: str) -> None:
        if outcome.done:
            self.log(request, FailedTask.objects.filter(pk__in=outcome.done), log_text)
            self.message_user(request, text, messages.SUCCESS)
        for id_, why in outcome.skipped.items():
            self.message_user(request, f"{id_}: {why}", messages.WARNING)


def with_undo(text: str, operation_id: uuid.UUID | None) -> str:
    """A success message with a link that undoes the discard."""
    return _with_link(text, reverse("admin:operations_failedtask_undo", args=[operation_id]), _("Undo"))


def _with_link(text: str, url: str, label: str) -> str:
    return format_html('{} <a href="{}">{}</a>', text, url, label)


def _url(id_: uuid.UUID) -> str:
    return reverse("admin:operations_failedtask_change", args=[id_])


def _list_before(request: HttpRequest) -> str:
    """The list that this was sent from, as it was filtered; empty if it was sent from another page."""
    page, _mark, query = request.headers.get("Referer", "").partition("?")
    name = "operations_failedtask"
    return list_url(name, query) if page.endswith(list_url(name)) else ""


def _is_masked(message: Message) -> bool:
    """Whether masking hides anything of this message."""
    return mask(message.payload) != message.payload or mask_text(message.error_message) != message.error_message


def _get_or_404(id_: uuid.UUID) -> Message:
    message = FailedTask.objects.died().filter(pk=id_).first()
    if message is None:
        raise Http404
    return message
