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
from orders.timeline import describe
from shop.office.passport.selectors import order_records
from shop.office.passport.waterfall import waterfall

_PERMISSIONS = ("orders.view_order", "messaging.view_message")


@require_safe
def passport(request: HttpRequest, order_id: int) -> HttpResponse:
    """Requires permission to view orders and messages. Personal data is masked without the reveal permission."""
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    try:
        records = order_records(order_id=order_id)
    except Order.DoesNotExist:
        raise Http404 from None
    may_reveal = Actor.of(request.user).may(permissions.REVEAL)
    mask = str if may_reveal else mask_text
    context = {
        **admin.site.each_context(request),
        "title": _("Passport of %(number)s") % {"number": records.order.number},
        "opts": Order._meta,
        "records": records,
        "order": records.order,
        "timeline": [(event, describe(event)) for event in records.events],
        "waterfall": waterfall(records.messages, records.attempts, now=timezone.now()),
        "actions": [(action, mask(action.reason)) for action in records.actions],
        "pauses": [(pause, mask(pause.reason)) for pause in records.pauses],
        "may_reveal": may_reveal,
    }
    return TemplateResponse(request, "admin/shop/passport/page.html", context)
