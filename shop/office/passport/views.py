"""Passport page of an order: `/admin/orders/order/<id>/passport/`."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from messaging.operations import permissions
from messaging.operations.permissions import Actor
from messaging.operations.privacy.masking import mask_text
from orders.models import Order
from orders.selectors import describe
from shop.office.passport.selectors import order_records
from shop.office.passport.waterfall import waterfall

_NEEDED = ("orders.view_order", "messaging.view_message")


@require_safe
def passport(request: HttpRequest, order_id: int) -> HttpResponse:
    """For who may see orders and messages. Who is behind the order is told only to who may reveal it."""
    if not request.user.has_perms(_NEEDED):
        raise PermissionDenied
    try:
        found = order_records(order_id=order_id)
    except Order.DoesNotExist:
        raise Http404 from None
    may_reveal = Actor.of(request.user).may(permissions.REVEAL)
    shown = str if may_reveal else mask_text
    context = {
        **admin.site.each_context(request),
        "title": _("Passport of %(number)s") % {"number": found.order.number},
        "opts": Order._meta,
        "records": found,
        "order": found.order,
        "timeline": [(event, describe(event)) for event in found.events],
        "waterfall": waterfall(found.messages, found.attempts, now=timezone.now()),
        "actions": [(action, shown(action.reason)) for action in found.actions],
        "pauses": [(pause, shown(pause.reason)) for pause in found.pauses],
        "may_reveal": may_reveal,
    }
    return TemplateResponse(request, "admin/shop/passport/page.html", context)
