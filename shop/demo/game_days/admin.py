"""Fault board of the demo: `/admin/shop/fault/`. Injects faults, ends them, and reports what they did."""

import re
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from messaging import clock
from messaging.operations.permissions import Actor
from orders.readonly_admin import ReadOnlyAdmin
from shop.demo.game_days import selectors, services
from shop.demo.game_days.kinds import KINDS
from shop.models import Fault

_BOARD = "admin:shop_fault_changelist"
_PAGES = "admin/shop/fault/"
_NUMBER = re.compile(r"[0-9]{1,5}([.,][0-9]{1,3})?", re.ASCII)


@admin.register(Fault)
class FaultAdmin(ReadOnlyAdmin):
    """One page instead of a list of rows. Outside demo mode there is none."""

    class Media:
        css = {"all": ["operations/admin.css", "operations/queues.css", "shop/faults.css"]}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(require_GET(self.board_view)), name="shop_fault_changelist"),
            path("live/", wrap(require_GET(self.live_view)), name="shop_fault_live"),
            path("begin/<slug:kind>/", wrap(require_POST(self.begin_view)), name="shop_fault_begin"),
            path("<int:pk>/end/", wrap(require_POST(self.end_view)), name="shop_fault_end"),
            path("<int:pk>/report/", wrap(require_GET(self.report_view)), name="shop_fault_report"),
            path("cure/<slug:failure>/", wrap(require_POST(self.cure_view)), name="shop_fault_cure"),
            path("restore/<slug:failure>/", wrap(require_POST(self.restore_view)), name="shop_fault_restore"),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return settings.CONVEYOR_DEMO and request.user.has_perm(services.PERMISSION)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def board_view(self, request: HttpRequest) -> HttpResponse:
        self._actor(request)
        context = {"title": _("Game days"), "board": selectors.board(), "choices": selectors.choices()}
        return self._render(request, "board.html", context)

    def live_view(self, request: HttpRequest) -> HttpResponse:
        self._actor(request)
        return self._render(request, "_live.html", {"board": selectors.board()})

    def begin_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        actor = self._actor(request)
        if kind not in KINDS:
            raise Http404
        try:
            fault = services.begin_fault(
                kind=kind,
                actor=actor,
                target=request.POST.get("target", ""),
                seconds=_number(request.POST.get("seconds", "")),
                amount=_number(request.POST.get("amount", "")),
            )
        except services.FaultRefused as error:
            return self._redirect(request, str(error), messages.ERROR)
        return self._redirect(request, _begun(fault))

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        actor, fault = self._actor(request), get_object_or_404(Fault, pk=pk)
        try:
            services.end_fault(fault=fault, actor=actor)
        except services.FaultRefused as error:
            return self._redirect(request, str(error), messages.WARNING)
        return self._redirect(request, _("Fault ended."))

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._actor(request)
        fault = get_object_or_404(Fault, pk=pk)
        title = _("Report: %(fault)s") % {"fault": selectors.label_of(fault)}
        return self._render(request, "report.html", {"title": title, "fault": fault, **selectors.report_of(fault)})

    def cure_view(self, request: HttpRequest, failure: str) -> HttpResponse:
        services.cure(failure=_failure_or_404(failure), actor=self._actor(request))
        return self._redirect(request, _("Cured. Retry the tasks that it stopped."))

    def restore_view(self, request: HttpRequest, failure: str) -> HttpResponse:
        services.restore(failure=_failure_or_404(failure), actor=self._actor(request))
        return self._redirect(request, _("The failure is back."))

    def _actor(self, request: HttpRequest) -> Actor:
        """The user, if this is a demo and they may run game days."""
        if not settings.CONVEYOR_DEMO:
            raise Http404
        actor = services.actor_of(request.user)
        if not actor.may(services.PERMISSION):
            raise PermissionDenied
        return actor

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, shared | context)

    def _redirect(self, request: HttpRequest, text: str, level: int = messages.SUCCESS) -> HttpResponse:
        self.message_user(request, text, level)
        return redirect(_BOARD)


def _begun(fault: Fault) -> str:
    said = {"fault": selectors.label_of(fault), "at": clock.exact(fault.ends_at)}
    if KINDS[fault.kind].is_momentary:
        return _("%(fault)s: done.") % said
    return _("%(fault)s started. It ends by itself at %(at)s.") % said


def _number(typed: str) -> float | None:
    """What was typed into a field; None for the default. Anything that is not a number is out of every bound."""
    if not typed.strip():
        return None
    return float(typed.strip().replace(",", ".")) if _NUMBER.fullmatch(typed.strip()) else -1.0


def _failure_or_404(failure: str) -> str:
    if failure not in services.CURES:
        raise Http404
    return failure
