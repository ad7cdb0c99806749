"""Bulk retries: preview, start, pause, resume, cancel, progress and export."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from messaging.models import Message
from messaging.operations import permissions
from messaging.operations.actions import record_export
from messaging.operations.admin.base import ModelAdmin, ReadOnlyAdmin, time_column
from messaging.operations.admin.bulk_forms import PaceForm, SelectionForm
from messaging.operations.bulk_retry import export, labels, selectors, services
from messaging.operations.bulk_retry.as_dict import warnings_of
from messaging.operations.bulk_retry.selection import Selection
from messaging.operations.failures.downloads import one_of_few
from messaging.operations.models import BulkOperation, BulkState
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text

_PAGES = "admin/operations/bulkoperation/"
_ACTIONS: dict[str, Callable[..., BulkOperation]] = {
    "pause": services.pause,
    "resume": services.resume,
    "cancel": services.cancel,
}


@admin.register(BulkOperation)
class BulkOperationAdmin(ReadOnlyAdmin):
    list_display = ("selection", "state_column", "percent", "will_go", "succeeded", "failed_again", "actor", "created")
    list_filter = ("state",)
    ordering = ("-id",)
    change_list_template = _PAGES + "change_list.html"

    created = time_column("created_at", gettext_lazy("created"))

    class Media:
        css = {"all": ["operations/bulk.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("operations.view_bulkoperation")

    @admin.display(description=gettext_lazy("selection"))
    def selection(self, operation: BulkOperation) -> str:
        return labels.chosen(operation)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_column(self, operation: BulkOperation) -> SafeString:
        return format_html(
            '<span class="desk-state" data-state="{}">{}</span>', operation.state, operation.get_state_display()
        )

    @admin.display(description=gettext_lazy("finished"))
    def percent(self, operation: BulkOperation) -> str:
        return f"{selectors.progress(operation).percent} %"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        act = wrap(require_POST(self.action_view))
        actions = [
            path(f"<uuid:id_>/{action}/", act, {"action": action}, f"operations_bulk_{action}") for action in _ACTIONS
        ]
        return [
            path("new/", wrap(self.new_view), name="operations_bulk_new"),
            path("<uuid:id_>/start/", wrap(require_POST(self.start_view)), name="operations_bulk_start"),
            path("<uuid:id_>/progress/", wrap(require_GET(self.progress_view)), name="operations_bulk_progress"),
            path("<uuid:id_>/items.csv", wrap(require_GET(self.csv_view)), name="operations_bulk_csv"),
            *actions,
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"may_bulk": Actor.of(request.user).may(permissions.BULK)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """A form that selects messages and previews them; `?group=…` and the like fill it in."""
        actor = _require(request)
        form = SelectionForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            return self.preview(request, Selection.by_filters(form.filters()), actor)
        return self._page(request, "new.html", title=_("New bulk retry"), form=form)

    def preview(self, request: HttpRequest, selection: Selection, actor: Actor) -> HttpResponse:
        """Freeze a selection and redirect to its preview."""
        try:
            operation = services.preview(selection=selection, actor=actor)
        except services.TooManyMessages as error:
            self.message_user(request, str(error), messages.WARNING)
            return HttpResponseRedirect(reverse("admin:operations_bulk_new"))
        _log(request, operation, _("Previewed: %(count)d to be retried") % {"count": operation.will_go}, flag=ADDITION)
        return _redirect(operation)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            operation = _get_or_404(uuid.UUID(object_id))
        except ValueError:
            raise Http404 from None
        return self._operation_page(request, operation)

    def start_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        actor, operation, form = _require(request), _get_or_404(id_), PaceForm(request.POST)
        if not form.is_valid():
            return self._operation_page(request, operation, form=form)
        return self._run(
            request, operation, "start", services.start,
            actor=actor, pace=form.pace(), reason=form.cleaned_data["reason"],
        )  # fmt: skip

    def action_view(self, request: HttpRequest, id_: uuid.UUID, action: str) -> HttpResponse:
        actor, reason = _require(request), request.POST.get("reason", "").strip()
        return self._run(request, _get_or_404(id_), action, _ACTIONS[action], actor=actor, reason=reason)

    def progress_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        """The fragment that htmx polls."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(request, _PAGES + "_progress.html", self._status(request, _get_or_404(id_)))

    @one_of_few
    def csv_view(self, request: HttpRequest, id_: uuid.UUID) -> StreamingHttpResponse:
        operation = _get_or_404(id_)
        record_export(actor=Actor.of(request.user), filters={}, operation_id=operation.pk)
        _log(request, operation, _("Exported"))
        return StreamingHttpResponse(
            export.as_csv(operation),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="bulk-retry-{id_}.csv"'},
        )

    def _run(
        self,
        request: HttpRequest,
        operation: BulkOperation,
        action: str,
        service: Callable[..., BulkOperation],
        **options: Any,
    ) -> HttpResponse:
        try:
            operation = service(operation_id=operation.pk, **options)
        except services.InvalidPace as error:
            self.message_user(request, str(error), messages.WARNING)
        except services.IllegalBulkTransition as error:
            operation.refresh_from_db(fields=["state"])
            if operation.state != services.MOVES[action][1]:  # else the first of two clicks did it, as the page shows
                self.message_user(request, str(error), messages.WARNING)
        else:
            text = labels.CONFIRMATIONS[action]
            _log(request, operation, str(text))
            self.message_user(request, text, messages.SUCCESS)
        return _redirect(operation)

    def _operation_page(
        self, request: HttpRequest, operation: BulkOperation, form: PaceForm | None = None
    ) -> HttpResponse:
        context = self._status(request, operation) | {
            "title": _("Bulk retry: %(chosen)s") % {"chosen": labels.chosen(operation)},
            "original": operation,
            "skipped": selectors.skip_labels(operation),
            "tasks": selectors.tasks_to_retry(operation),
            "warnings": warnings_of(operation),
            "form": form or PaceForm(),
        }
        is_preview = operation.state == BulkState.PREVIEW
        return self._page(request, "preview.html" if is_preview else "detail.html", **context)

    def _status(self, request: HttpRequest, operation: BulkOperation) -> dict[str, Any]:
        is_allowed = Actor.of(request.user).may(permissions.BULK)
        return {
            "operation": operation,
            "progress": selectors.progress(operation),
            "why_stopped": labels.why_stopped(operation),
            "actions": selectors.allowed_actions(operation) if is_allowed else (),
            "failed_again": selectors.failed_again(operation) if operation.failed_again else [],
        }

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, {**shared, **context})


class BulkRetryAction(ModelAdmin):
    """List action of failed tasks: one bulk retry of the selected rows, or of all that match the filters."""

    def has_bulk_permission(self, request: HttpRequest) -> bool:
        return Actor.of(request.user).may(permissions.BULK)

    @admin.action(description=gettext_lazy("Bulk retry selected tasks, with a preview"), permissions=["bulk"])
    def bulk_retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        across = request.POST.get("select_across") == "1"
        chosen = {"list": request.GET.urlencode() or "all"} if across else {"ids": queryset.count()}
        selection = Selection(messages=Message.objects.filter(pk__in=queryset.order_by().values("pk")), chosen=chosen)
        page: Any = self.admin_site.get_model_admin(BulkOperation)
        response: HttpResponse = page.preview(request, selection, Actor.of(request.user))
        return response


def _require(request: HttpRequest) -> Actor:
    """The user, if allowed to see bulk retries, as what answers shows one, and to run them."""
    actor = Actor.of(request.user)
    actor.require(permissions.VIEW_BULK)
    actor.require(permissions.BULK)
    return actor


def _get_or_404(id_: uuid.UUID) -> BulkOperation:
    try:
        return selectors.operation(id_)
    except BulkOperation.DoesNotExist:
        raise Http404 from None


def _redirect(operation: BulkOperation) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:operations_bulkoperation_change", args=[operation.pk]))


def _log(request: HttpRequest, operation: BulkOperation, text: str, *, flag: int = CHANGE) -> None:
    """Add to Django's admin history, beside the audit log that the services write."""
    LogEntry.objects.log_actions(request.user.pk, [operation], flag, change_message=mask_text(text))  # type: ignore[arg-type]
