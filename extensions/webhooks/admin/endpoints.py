"""Endpoints: list, form, test event, and the secret, which is shown on demand only and never in a form."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from extensions.webhooks import deliveries, endpoints
from extensions.webhooks.admin.forms import EndpointForm
from extensions.webhooks.deliveries import CannotResend
from extensions.webhooks.endpoints import AddedTwice, StillRotating, TooMany
from extensions.webhooks.models import Endpoint
from messaging import clock
from messaging.operations.admin.base import time_column
from messaging.operations.or_404 import or_404
from messaging.operations.permissions import Actor
from shop.stale_pages import FreshAdmin


@admin.register(Endpoint)
class EndpointAdmin(FreshAdmin):
    list_display = ("name", "state", "event_types", "last_success")
    sortable_by = ()
    ordering = ("id",)
    actions = None
    form = EndpointForm
    readonly_fields = ("state", "last_success", "log")
    change_form_template = "admin/webhooks/endpoint/change_form.html"

    last_success = time_column("succeeded_at", gettext_lazy("last success"))

    class Media:
        css = {"all": ["operations/admin.css", "operations/lists.css"]}

    @admin.display(description=gettext_lazy("endpoint"))
    def name(self, endpoint: Endpoint) -> str:
        return str(endpoint)

    @admin.display(description=gettext_lazy("event types"))
    def event_types(self, endpoint: Endpoint) -> str:
        return ", ".join(endpoint.events)

    @admin.display(description=gettext_lazy("state"))
    def state(self, endpoint: Endpoint) -> SafeString:
        look, text, why = _state_of(endpoint)
        return format_html(
            '<span class="desk-state" data-state="{}">{}</span> <span class="desk-aside">{}</span>', look, text, why
        )

    @admin.display(description=gettext_lazy("deliveries"))
    def log(self, endpoint: Endpoint) -> SafeString:
        url = reverse("admin:webhooks_delivery_changelist")
        return format_html('<a href="{}?endpoint__id__exact={}">{}</a>', url, endpoint.pk, _("Log of deliveries"))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """None: the list has no filter, and by its columns viewers could guess secrets."""
        return False

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        """Who may not change an endpoint sees its host: path and query may hold the merchant's secrets."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ("name", "event_types", *self.readonly_fields)
        return (*EndpointForm.Meta.fields, "seen", *(self.readonly_fields if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        return ("name", "event_types", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or endpoints.may_delete(obj))

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        endpoints.save(endpoint=obj, actor=Actor.of(request.user), changed=list(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Endpoint) -> None:
        if not endpoints.delete(endpoint=obj, actor=Actor.of(request.user)):
            raise PermissionDenied

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        raise PermissionDenied

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Two people who save at the same moment may both pass the form's count; the service decides."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except TooMany as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:webhooks_endpoint_changelist"))
        except AddedTwice as repeated:
            return self.response_add(request, repeated.first)

    def response_add(self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None) -> HttpResponse:
        """To the endpoint's page, where its secret can be shown."""
        self.message_user(request, _("The endpoint was added. Show its secret, and give it to the merchant."))
        return HttpResponseRedirect(_url(obj))

    def get_urls(self) -> list[URLPattern]:
        views = {"test": self.test_view, "secret": self.secret_view, "rotate": self.rotate_view}
        pages = [
            path(
                f"<int:id_>/{name}/",
                self.admin_site.admin_view(require_POST(self._changing(view))),
                name=f"webhooks_endpoint_{name}",
            )
            for name, view in views.items()
        ]
        return [*pages, *super().get_urls()]

    def _changing(self, view: Callable[[HttpRequest, Endpoint, Actor], HttpResponse]) -> Callable[..., HttpResponse]:
        """A view for who may change the endpoint. POST only, because each is audited."""

        @or_404(Endpoint)
        def checked(request: HttpRequest, id_: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return view(request, get_object_or_404(Endpoint, pk=id_), Actor.of(request.user))

        return checked

    def test_view(self, request: HttpRequest, endpoint: Endpoint, actor: Actor) -> HttpResponse:
        try:
            delivery = deliveries.send_test(endpoint=endpoint, actor=actor)
        except CannotResend as error:
            self.message_user(request, str(error), messages.WARNING)
            return HttpResponseRedirect(_url(endpoint))
        self.message_user(request, _("The test event is on its way. Reload this page to see the answer."))
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=[delivery.pk]))

    def secret_view(self, request: HttpRequest, endpoint: Endpoint, actor: Actor) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Secret"),
            "opts": self.opts,
            "media": self.media,
            "original": endpoint,
            "secret": endpoints.reveal(endpoint=endpoint, actor=actor),
            "previous_until": endpoint.previous_until if _is_rotating(endpoint) else None,
        }
        return TemplateResponse(request, "admin/webhooks/endpoint/secret.html", context)

    def rotate_view(self, request: HttpRequest, endpoint: Endpoint, actor: Actor) -> HttpResponse:
        try:
            endpoints.rotate(endpoint=endpoint, actor=actor)
        except StillRotating as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            text = _(
                "The secret is rotated. For 24 hours both secrets sign. Show the new one, and give it to the merchant."
            )
            self.message_user(request, text)
        return HttpResponseRedirect(_url(endpoint))


def _state_of(endpoint: Endpoint) -> tuple[str, str, str]:
    """The look of the badge, its text, and what else there is to say."""
    if not endpoint.is_active:
        return "discarded", _("off"), endpoint.off_reason
    if endpoint.paused_until and endpoint.paused_until > clock.now():
        why = (
            _("%(count)s failures in a row") % {"count": endpoint.failing} if endpoint.failing else _("answers slowly")
        )
        return "dead" if endpoint.failing else "open", _("paused"), why
    if endpoint.failing:
        return "open", _("failing"), _("%(count)s failures in a row") % {"count": endpoint.failing}
    return "done", _("active"), ""


def _is_rotating(endpoint: Endpoint) -> bool:
    return endpoint.previous_until is not None and endpoint.previous_until > clock.now()


def _url(endpoint: Endpoint) -> str:
    return reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
