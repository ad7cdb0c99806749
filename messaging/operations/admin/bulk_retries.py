"""How does an operator send many dead messages again, watch that, and take it back?"""

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
from messaging.operations.actions import exports as notes
from messaging.operations.admin.base import ModelAdmin, ReadOnlyAdmin
from messaging.operations.admin.bulk_forms import ChoiceForm, PaceForm
from messaging.operations.bulk_retry import export, labels, selectors, services
from messaging.operations.bulk_retry.as_dict import warnings_of
from messaging.operations.bulk_retry.selection import Selection
from messaging.operations.models import BulkOperation, BulkState
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text

_PAGES = "admin/operations/bulkoperation/"
_WISHES: dict[str, Callable[..., BulkOperation]] = {
    "pause": services.pause,
    "resume": services.resume,
    "cancel": services.cancel,
}


@admin.register(BulkOperation)
class BulkOperationAdmin(ReadOnlyAdmin):
    list_display = ("name", "word", "percent", "will_go", "succeeded", "failed_again", "actor", "created_at")
    list_filter = ("state",)
    ordering = ("-id",)
    change_list_template = _PAGES + "change_list.html"

    class Media:
        css = {"all": ["operations/bulk.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("operations.view_bulkoperation")

    @admin.display(description=gettext_lazy("what"))
    def name(self, operation: BulkOperation) -> str:
        return labels.chosen(operation)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def word(self, operation: BulkOperation) -> SafeString:
        return format_html(
            '<span class="desk-state" data-state="{}">{}</span>', operation.state, operation.get_state_display()
        )

    @admin.display(description=gettext_lazy("ended"))
    def percent(self, operation: BulkOperation) -> str:
        return f"{selectors.progress(operation).percent} %"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        wishes = [
            path(f"<uuid:id_>/{wish}/", wrap(require_POST(self.wish_view)), {"wish": wish}, f"operations_bulk_{wish}")
            for wish in _WISHES
        ]
        return [
            path("new/", wrap(self.new_view), name="operations_bulk_new"),
            path("<uuid:id_>/start/", wrap(require_POST(self.start_view)), name="operations_bulk_start"),
            path("<uuid:id_>/progress/", wrap(require_GET(self.progress_view)), name="operations_bulk_progress"),
            path("<uuid:id_>/items.csv", wrap(require_GET(self.csv_view)), name="operations_bulk_csv"),
            *wishes,
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_bulk": Actor.of(request.user).may(permissions.BULK)}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Asks which messages are meant, and previews them; `?group=…` and the like fill the form."""
        actor = _may(request)
        form = ChoiceForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            return self.preview(request, Selection.by_filters(form.filters()), actor)
        return self._page(request, "new.html", title=_("Choose what is sent again"), form=form)

    def preview(self, request: HttpRequest, selection: Selection, actor: Actor) -> HttpResponse:
        """Freezes a selection, and leads to the page that says what would go."""
        try:
            operation = services.preview(selection=selection, actor=actor)
        except services.TooManyMessages as error:
            self.message_user(request, str(error), messages.WARNING)
            return HttpResponseRedirect(reverse("admin:operations_bulk_new"))
        _log(request, operation, _("Previewed: %(count)d will go") % {"count": operation.will_go}, flag=ADDITION)
        return _to(operation)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            operation = _found(uuid.UUID(object_id))
        except ValueError:
            raise Http404 from None
        return self._operation_page(request, operation)

    def start_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        actor, operation, form = _may(request), _found(id_), PaceForm(request.POST)
        if not form.is_valid():
            return self._operation_page(request, operation, form=form)
        return self._grant(
            request, operation, "start", services.start,
            actor=actor, pace=form.pace(), reason=form.cleaned_data["reason"],
        )  # fmt: skip

    def wish_view(self, request: HttpRequest, id_: uuid.UUID, wish: str) -> HttpResponse:
        reason = request.POST.get("reason", "").strip()
        return self._grant(request, _found(id_), wish, _WISHES[wish], actor=_may(request), reason=reason)

    def progress_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        """What htmx asks for again and again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(request, _PAGES + "_progress.html", self._standing(request, _found(id_)))

    def csv_view(self, request: HttpRequest, id_: uuid.UUID) -> StreamingHttpResponse:
        operation = _found(id_)
        notes.record_export(actor=Actor.of(request.user), filters={}, operation_id=operation.pk)
        _log(request, operation, _("Exported"))
        return StreamingHttpResponse(
            export.as_csv(operation),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="bulk-retry-{id_}.csv"'},
        )

    def _grant(
        self, request: HttpRequest, operation: BulkOperation, wish: str, act: Callable[..., BulkOperation], **how: Any
    ) -> HttpResponse:
        try:
            operation = act(operation_id=operation.pk, **how)
        except (services.IllegalBulkTransition, services.InvalidPace) as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            text = labels.CONFIRMATIONS[wish]
            _log(request, operation, str(text))
            self.message_user(request, text, messages.SUCCESS)
        return _to(operation)

    def _operation_page(
        self, request: HttpRequest, operation: BulkOperation, form: PaceForm | None = None
    ) -> HttpResponse:
        context = self._standing(request, operation) | {
            "title": _("Bulk retry: %(chosen)s") % {"chosen": labels.chosen(operation)},
            "original": operation,
            "skipped": selectors.skip_labels(operation),
            "tasks": selectors.tasks_to_retry(operation),
            "warnings": warnings_of(operation),
            "form": form or PaceForm(),
        }
        is_preview = operation.state == BulkState.PREVIEW
        return self._page(request, "preview.html" if is_preview else "operation.html", **context)

    def _standing(self, request: HttpRequest, operation: BulkOperation) -> dict[str, Any]:
        may = Actor.of(request.user).may(permissions.BULK)
        return {
            "operation": operation,
            "progress": selectors.progress(operation),
            "why_stopped": labels.why_stopped(operation),
            "wishes": selectors.allowed_actions(operation) if may else (),
            "failed_again": selectors.failed_again(operation) if operation.failed_again else [],
        }

    def _page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, {**shared, **context})


class BulkRetryAction(ModelAdmin):
    """For the list of failed tasks: "Retry many…", of what is ticked or of all that fit, as one operation."""

    def has_bulk_permission(self, request: HttpRequest) -> bool:
        return Actor.of(request.user).may(permissions.BULK)

    @admin.action(description=gettext_lazy("Retry many, with a preview…"), permissions=["bulk"])
    def bulk_retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        across = request.POST.get("select_across") == "1"
        chosen = {"list": request.GET.urlencode() or "all"} if across else {"ids": queryset.count()}
        selection = Selection(messages=Message.objects.filter(pk__in=queryset.order_by().values("pk")), chosen=chosen)
        page: Any = self.admin_site.get_model_admin(BulkOperation)
        response: HttpResponse = page.preview(request, selection, Actor.of(request.user))
        return response


def _may(request: HttpRequest) -> Actor:
    actor = Actor.of(request.user)
    actor.require(permissions.BULK)
    return actor


def _found(id_: uuid.UUID) -> BulkOperation:
    try:
        return selectors.operation(id_)
    except BulkOperation.DoesNotExist:
        raise Http404 from None


def _to(operation: BulkOperation) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:operations_bulkoperation_change", args=[operation.pk]))


def _log(request: HttpRequest, operation: BulkOperation, text: str, *, flag: int = CHANGE) -> None:
    """Django's own history of the admin, beside the audit that the services keep."""
    LogEntry.objects.log_actions(request.user.pk, [operation], flag, change_message=mask_text(text))  # type: ignore[arg-type]
