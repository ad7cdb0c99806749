"""Passport page of an order: `/admin/orders/order/<id>/passport/`."""

from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from messaging.models import Message
from messaging.operations import actions, permissions
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from orders.models import Order
from orders.timeline import entries_for_shoppers
from shop.office.passport.selectors import MESSAGES_SHOWN, order_messages, order_records
from shop.office.passport.waterfall import waterfall
from shop.office.process.graph import evidence_of, graph

_PERMISSIONS = ("orders.view_order", "messaging.view_message")


@require_http_methods(["GET", "HEAD", "POST"])
def passport(request: HttpRequest, order_id: int) -> HttpResponse:
    """Requires permission to view orders and messages. Personal data is masked without the reveal permission.

    A POST resumes the process at a dead step.
    """
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    if request.method == "POST":
        return _resume(request, order_id)
    try:
        records = order_records(order_id=order_id)
    except Order.DoesNotExist:
        raise Http404 from None
    actor = Actor.of(request.user)
    may_reveal = actor.may(permissions.REVEAL)
    now = timezone.now()
    in_force = {pause.queue: pause for pause in records.pauses if pause.resumed_at is None or pause.resumed_at > now}
    mask = str if may_reveal else mask_text
    evidence = evidence_of(order=records.order, emails=records.emails)
    context = {
        **admin.site.each_context(request),
        "title": _("Passport of %(number)s") % {"number": records.order.number},
        "opts": Order._meta,
        "records": records,
        "order": records.order,
        "timeline": [(entry.event, entry.text) for entry in entries_for_shoppers(records.events)],
        "process": graph(records.messages, evidence=evidence, paused=in_force, now=now),
        "most_messages": MESSAGES_SHOWN,
        "may_resume": actor.may(permissions.RETRY),
        "waterfall": waterfall(records.messages, records.attempts, now=now),
        "actions": [(action, mask(action.reason)) for action in records.actions],
        "pauses": [(pause, mask(pause.reason), pause in in_force.values()) for pause in records.pauses],
        "may_reveal": may_reveal,
    }
    return TemplateResponse(request, "admin/shop/passport/page.html", context)


def _resume(request: HttpRequest, order_id: int) -> HttpResponse:
    """Retry the dead message of a step."""
    order = get_object_or_404(Order, pk=order_id)
    try:
        message = order_messages(order=order).get(pk=UUID(request.POST.get("message", "")))
    except (Message.DoesNotExist, ValueError):
        raise Http404 from None
    outcome = actions.retry(ids=[message.pk], actor=Actor.of(request.user))
    if outcome.done:
        text = _("Resumed: %(task)s is queued for retry.") % {"task": message.task}
        messages.success(request, text)
        LogEntry.objects.log_actions(request.user.pk, [order], CHANGE, text)  # type: ignore[arg-type]
    for why in outcome.skipped.values():
        messages.warning(request, f"{message.task}: {why}")
    return redirect(request.path)
