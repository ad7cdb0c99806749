"""The log of deliveries: every attempt, and what is sent again."""

import json
import uuid
from collections import Counter, defaultdict
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from extensions.webhooks import deliveries, events
from extensions.webhooks.deliveries import MOST_RESENT, CannotResend
from extensions.webhooks.models import Attempt, Delivery, State
from messaging.hooks import message_pages
from messaging.models import Message
from messaging.operations.admin.base import as_json, time_column
from messaging.operations.permissions import Actor
from orders.models import NUMBER_PREFIX
from orders.readonly_admin import BoundedList, ReadOnlyAdmin, order_link
from orders.selectors import search_by_order

PERMISSION = "webhooks.resend_delivery"
_LOOKS = {State.PENDING: "pending", State.DELIVERED: "done", State.FAILED: "dead"}
_ID_PREFIX = "msg_"
_REASONS_SHOWN = 5
_PAGES = "admin/webhooks/delivery/"


class EventFilter(admin.SimpleListFilter):
    """The known types: nothing reads the table for them."""

    title = gettext_lazy("event type")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each, each) for each in (*events.TYPES, events.TEST)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(event=self.value()) if self.value() else queryset


class DeliveryList(BoundedList):
    """Adds the attempts' statuses to the rows of the page, in one statement."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        statuses: dict[uuid.UUID, list[int | None]] = defaultdict(list)
        found = Attempt.objects.filter(delivery__in=[row.pk for row in self.result_list]).order_by("id")
        for id_, status in found.values_list("delivery", "status"):
            statuses[id_].append(status)
        for row in self.result_list:
            row.statuses = statuses[row.pk]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("event_column", "state_column", "endpoint_column", "order_column", "created")
    list_display_links = ("event_column",)
    list_filter = ("state", EventFilter, "endpoint")
    search_fields = ("id",)
    search_help_text = gettext_lazy("Exact order number, or ID of the webhook (msg_…)")
    ordering = ("-id",)
    sortable_by = ()
    actions = ("resend_selected",)

    created = time_column("created_at", gettext_lazy("created"))

    class Media:
        css = {"all": ["operations/admin.css", "operations/lists.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("endpoint", "order").defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if text.upper().startswith(NUMBER_PREFIX):
            return search_by_order(queryset, text, order="order", otherwise="pk"), False
        if not text:
            return queryset, False
        try:
            return queryset.filter(event_id=uuid.UUID(text.removeprefix(_ID_PREFIX))), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description=gettext_lazy("event"))
    def event_column(self, delivery: Delivery) -> str:
        return delivery.event

    @admin.display(description=gettext_lazy("state"))
    def state_column(self, delivery: Delivery) -> SafeString:
        statuses: list[int | None] = delivery.statuses  # type: ignore[attr-defined]
        attempts = ngettext("%(count)d attempt", "%(count)d attempts", len(statuses)) % {"count": len(statuses)}
        aside = f"{attempts} · {statuses[-1]}" if statuses and statuses[-1] else attempts
        return format_html('{} <span class="desk-aside">{}</span>', state_badge(delivery), aside)

    @admin.display(description=gettext_lazy("endpoint"))
    def endpoint_column(self, delivery: Delivery) -> str:
        return str(delivery.endpoint)

    @admin.display(description=gettext_lazy("order"))
    def order_column(self, delivery: Delivery) -> str | SafeString:
        return order_link(delivery.order) if delivery.order else "–"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedList]:
        return DeliveryList

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def get_urls(self) -> list[URLPattern]:
        resend = self.admin_site.admin_view(require_POST(self.resend_view))
        return [path("resend/", resend, name="webhooks_delivery_resend"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Read-only, so a POST is refused."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            id_ = uuid.UUID(object_id)
        except ValueError:
            raise Http404 from None
        delivery = get_object_or_404(Delivery.objects.select_related("endpoint", "order"), pk=id_)
        message = Message.objects.filter(pk=delivery.message_id).first()
        context = {
            "title": str(delivery),
            "original": delivery,
            "badge": state_badge(delivery),
            "body": as_json(json.loads(delivery.body)) if delivery.body else "",
            "attempts": delivery.attempts.order_by("-id"),
            "message": message,
            "message_url": message_pages.url_for(message) if message else None,
            "order": order_link(delivery.order) if delivery.order else "–",
            "may_resend": self.has_resend_permission(request) and _may_be_resent(delivery),
        }
        return self._page(request, "detail.html", context)

    @admin.action(description=gettext_lazy("Resend selected webhooks"), permissions=["resend"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        """Asks first. The page holds what was seen, so that a second click on it sends nothing."""
        chosen = list(queryset[: MOST_RESENT + 1])
        if len(chosen) > MOST_RESENT:
            text = _("Nothing was sent: select at most %(limit)d webhooks.") % {"limit": MOST_RESENT}
            self.message_user(request, text, messages.WARNING)
            return None
        return self._page(request, "resend.html", {"title": _("Resend webhooks"), "chosen": chosen})

    def resend_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_resend_permission(request):
            raise PermissionDenied
        sent: list[uuid.UUID] = []
        refused: list[str] = []
        values = request.POST.getlist("delivery")[:MOST_RESENT]
        for value in values:
            try:
                id_, sends = _read(value)
                deliveries.resend(delivery_id=id_, sends=sends, actor=Actor.of(request.user))
                sent.append(id_)
            except CannotResend as error:
                refused.append(str(error))
        self._report(request, len(sent), refused)
        if sent and len(values) == 1:
            return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=sent))
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_changelist"))

    def _report(self, request: HttpRequest, sent: int, refused: list[str]) -> None:
        if sent:
            text = ngettext("%(count)d webhook is sent again.", "%(count)d webhooks are sent again.", sent)
            self.message_user(request, text % {"count": sent})
        for reason, count in Counter(refused).most_common(_REASONS_SHOWN):
            self.message_user(request, reason if count == 1 else f"{reason} ({count}×)", messages.WARNING)
        if (more := len(set(refused)) - _REASONS_SHOWN) > 0:
            text = ngettext("%(count)d more was not sent.", "%(count)d more were not sent.", more)
            self.message_user(request, text % {"count": more}, messages.WARNING)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, {**shared, **context})


def state_badge(delivery: Delivery) -> SafeString:
    look = _LOOKS.get(State(delivery.state), "discarded")
    label = State(delivery.state).label
    return format_html('<span class="desk-state" data-state="{}">{}</span>', look, label)


def _may_be_resent(delivery: Delivery) -> bool:
    return bool(delivery.state != State.PENDING and delivery.body and delivery.endpoint.is_active)


def _read(value: str) -> tuple[uuid.UUID, int]:
    """A delivery's ID, and how often it had been requested when the page was shown. Raises `CannotResend`."""
    id_, _colon, sends = value.partition(":")
    try:
        return uuid.UUID(id_), int(sends[:9])
    except ValueError:
        raise CannotResend(_("The request could not be read. Open the delivery, and resend it there.")) from None
