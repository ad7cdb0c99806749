"""Queues page: status of every queue; pause and resume, run scheduled messages now, probe a circuit."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from messaging import pauses
from messaging.models import Message, QueuePause
from messaging.operations import actions, permissions
from messaging.operations.admin.base import ReadOnlyAdmin
from messaging.operations.dashboard import queues_page
from messaging.operations.models import Queues
from messaging.operations.permissions import Actor
from messaging.topology import topology

_PAGES = "admin/operations/queues/"


@admin.register(Queues)
class QueuesAdmin(ReadOnlyAdmin):
    """One page instead of a list of rows; `live/` is its fragment that refreshes every few seconds."""

    class Media:
        css = {"all": ["operations/queues.css"]}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pause = require_http_methods(["GET", "POST"])(self.pause_view)
        return [
            path("live/", wrap(self.live_view), name="operations_queues_live"),
            path("<slug:name>/pause/", wrap(pause), name="operations_queues_pause"),
            path("<slug:name>/resume/", wrap(require_POST(self.resume_view)), name="operations_queues_resume"),
            path("<slug:name>/run-now/", wrap(require_POST(self.run_queue_now_view)), name="operations_queues_run_now"),
            path("run-now/<uuid:id_>/", wrap(require_POST(self.run_now_view)), name="operations_queues_run_now_one"),
            path("circuits/<str:name>/probe/", wrap(require_POST(self.probe_view)), name="operations_queues_probe"),
            path("", wrap(self.page_view), name="operations_queues_changelist"),
        ]

    def page_view(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, "page.html", title=_("Queues"))

    def live_view(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, "_live.html")

    def pause_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask for a reason, then pause."""
        actor, queue = self._actor(request, permissions.PAUSE), _queue_or_404(name)
        missing_reason = False
        if request.method == "POST":
            try:
                pause = actions.pause(queue=queue, actor=actor, reason=request.POST.get("reason", ""))
            except actions.ReasonMissing:
                missing_reason = True
            except actions.AlreadyPaused as error:
                return self._redirect(request, str(error), messages.WARNING)
            else:
                self.log(request, [pause], _("Queue paused: %(reason)s") % {"reason": pause.reason})
                text = _("Queue %(queue)s paused. Running tasks will finish.")
                return self._redirect(request, text % {"queue": queue})
        context = {"title": _("Pause queue %(queue)s") % {"queue": queue}, "missing_reason": missing_reason}
        return self._render(request, "pause.html", context)

    def resume_view(self, request: HttpRequest, name: str) -> HttpResponse:
        actor, queue = self._actor(request, permissions.PAUSE), _queue_or_404(name)
        try:
            reason, seen = request.POST.get("reason", "").strip(), request.POST.get("seen", "")
            actions.resume(queue=queue, actor=actor, reason=reason, seen=seen)
        except actions.NotPaused as error:
            return self._redirect(request, str(error), messages.WARNING)
        self.log(request, QueuePause.objects.filter(queue=queue)[:1], _("Queue resumed"))
        return self._redirect(request, _("Queue %(queue)s resumed.") % {"queue": queue})

    def run_now_view(self, request: HttpRequest, id_: uuid.UUID) -> HttpResponse:
        if not actions.run_now(message_id=id_, actor=self._actor(request, permissions.RETRY)):
            text = _("This message is no longer scheduled. Nothing was changed.")
            return self._redirect(request, text, messages.WARNING)
        self.log(request, Message.objects.filter(pk=id_), _("Run now"))
        return self._redirect(request, _due(1, queue=Message.objects.values_list("queue", flat=True).get(pk=id_)))

    def run_queue_now_view(self, request: HttpRequest, name: str) -> HttpResponse:
        count = actions.run_queue_now(queue=_queue_or_404(name), actor=self._actor(request, permissions.RETRY))
        text = _due(count, queue=name)
        if count:
            self.log_list(request, f"{name}: {text}")
        return self._redirect(request, text)

    def probe_view(self, request: HttpRequest, name: str) -> HttpResponse:
        try:
            is_sent = actions.probe(name=name, actor=self._actor(request, permissions.RETRY))
        except actions.CircuitClosed as error:
            return self._redirect(request, str(error), messages.WARNING)
        probing = _("Probing %(name)s now with one deferred message.")
        none_deferred = _("No deferred message needs %(name)s. The next message that does will probe it.")
        text = (probing if is_sent else none_deferred) % {"name": name}
        self.log_list(request, text)
        return self._redirect(request, text)

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        actor = self._actor(request)
        allowed = {"may_pause": actor.may(permissions.PAUSE), "may_retry": actor.may(permissions.RETRY)}
        return self._render(request, template, {"desk": queues_page.overview(now=timezone.now()), **allowed, **context})

    def _actor(self, request: HttpRequest, codename: str = "") -> Actor:
        """The user, if allowed to see the page and to do `codename`; else raises `PermissionDenied`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = Actor.of(request.user)
        if codename:
            actor.require(codename)
        return actor

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, _PAGES + template, shared | context)

    def _redirect(self, request: HttpRequest, text: str, level: int = messages.SUCCESS) -> HttpResponse:
        self.message_user(request, text, level)
        return HttpResponseRedirect(reverse("admin:operations_queues_changelist"))


def _due(count: int, *, queue: str) -> str:
    """What happens to messages that were made due: a paused queue runs none."""
    if count and queue in pauses.paused():
        text = ngettext(
            "%(count)d message is due now. It runs once the queue %(queue)s is resumed.",
            "%(count)d messages are due now. They run once the queue %(queue)s is resumed.",
            count,
        )
        return text % {"count": count, "queue": queue}
    text = ngettext("%(count)d message queued to run now.", "%(count)d messages queued to run now.", count)
    return text % {"count": count}


def _queue_or_404(name: str) -> str:
    if name not in topology().queues:
        raise Http404
    return name
