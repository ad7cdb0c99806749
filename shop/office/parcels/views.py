"""Parcels page of an order: `/admin/orders/order/<id>/parcels/`."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from orders.models import Hold, Order, Status
from orders.transitions import IllegalTransition
from payments.disputes.selectors import disputes_of
from payments.models import PAYING
from payments.selectors import refunds_of
from payments.services.refunds import REFUND
from shipping import delivery_problems
from shipping.carrier_selection import quotes
from shipping.models import STRANDED, Shipment, ShipmentStatus
from shipping.selectors import consignment_of, event_text, history_of, is_address_rejected
from shop.office.parcels import services
from shop.office.parcels.forms import CorrectionForm, ReshipForm
from shop.stock.services import OutOfStock

_PERMISSIONS = ("orders.view_order", "shipping.view_shipment")


@require_http_methods(["GET", "POST"])
def parcels(request: HttpRequest, order_id: int) -> HttpResponse:
    """Requires permission to view orders and shipments; each action requires its own permission in addition."""
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    order = get_object_or_404(Order.objects.select_related("shipment").prefetch_related("lines"), pk=order_id)
    if request.method == "GET":
        return _page(request, order, _form(order))
    action = request.POST.get("action", "")
    if action == "restock_returned":
        _restock_returned(request, order)
        return redirect(request.path)
    form = (ReshipForm if action == "reship" else CorrectionForm)(request.POST, order=order)
    if not form.is_valid():
        return _page(request, order, form)
    if isinstance(form, ReshipForm):
        _reship(request, order, form)
    else:
        _correct(request, order, form)
    return redirect(request.path)


def _correct(request: HttpRequest, order: Order, form: CorrectionForm) -> None:
    try:
        is_other = delivery_problems.correct_address(
            order=order, address=form.address, by=request.user, seen=form.cleaned_data["seen"]
        )
    except (delivery_problems.AddressChanged, delivery_problems.BookingInProgress, IllegalTransition) as error:
        messages.error(request, str(error))
        return
    if is_other:
        _log_success(request, order, _("Address corrected. The parcel is being booked again."))
    else:
        messages.warning(request, _("The order has this address already. Nothing was changed."))


def _reship(request: HttpRequest, order: Order, form: ReshipForm) -> None:
    data = form.cleaned_data
    shipment = get_object_or_404(Shipment, pk=data["shipment"], order=order)
    try:
        is_new = delivery_problems.reship(
            shipment=shipment, goods_are_back=data["goods_are_back"], address=form.address, by=request.user
        )
    except (OutOfStock, IllegalTransition) as error:
        messages.error(request, str(error))
        return
    if is_new:
        _log_success(request, order, _("A replacement parcel is being booked."))
    else:
        messages.info(request, _("A replacement parcel has already been sent. Nothing was changed."))


def _restock_returned(request: HttpRequest, order: Order) -> None:
    try:
        pieces = services.restock_returned_parcel(order=order, by=request.user)
    except services.ParcelNotReturned as error:
        messages.error(request, str(error))
        return
    if not pieces:
        messages.info(request, _("The items were returned to stock before. Nothing was changed."))
        return
    text = ngettext("%(count)d piece returned to stock.", "%(count)d pieces returned to stock.", pieces)
    _log_success(request, order, text % {"count": pieces})


def _log_success(request: HttpRequest, order: Order, text: str) -> None:
    """Show the text to the user and keep it in the order's admin history."""
    LogEntry.objects.log_actions(request.user.pk, [order], CHANGE, text)  # type: ignore[arg-type]
    messages.success(request, text)


def _form(order: Order) -> CorrectionForm:
    """The form that applies to the order's status."""
    return ReshipForm(order=order) if order.status == Status.SHIPPED else CorrectionForm(order=order)


def _page(request: HttpRequest, order: Order, form: CorrectionForm) -> HttpResponse:
    return TemplateResponse(request, "admin/shop/parcels/page.html", _context(request, order, form))


def _context(request: HttpRequest, order: Order, form: CorrectionForm) -> dict[str, Any]:
    shipment: Shipment | None = getattr(order, "shipment", None)
    is_stranded = shipment is not None and shipment.status in STRANDED
    user = request.user
    return {
        **admin.site.each_context(request),
        "title": _("Parcels of %(number)s") % {"number": order.number},
        "opts": Order._meta,
        "order": order,
        "history": [
            (each, [(event, event_text(event)) for event in each.events.all()])
            for each in reversed(history_of(order_id=order.pk))
        ],
        "quotes": quotes(consignment=consignment_of(order, pieces=sum(line.quantity for line in order.lines.all()))),
        "form": form,
        "may_correct": order.status == Status.PAID
        and shipment is None
        and user.has_perm(delivery_problems.CORRECT_ADDRESS),
        "is_address_rejected": is_address_rejected(order=order),
        "stranded": shipment if is_stranded and order.status == Status.SHIPPED else None,
        "hold": Hold(order.hold).label if order.hold else "",
        "refunds": refunds_of(order=order),
        "disputes": disputes_of(order=order),
        "may_reship": user.has_perm(delivery_problems.RESHIP_PARCEL) and not order.hold,
        "returned": shipment is not None and shipment.status == ShipmentStatus.RETURNED,
        "may_restock_returned": shipment is not None
        and shipment.restocked_at is None
        and user.has_perm(services.RESTOCK_RETURNED),
        "refund_url": _refund_url(order) if user.has_perm(REFUND) else "",
    }


def _refund_url(order: Order) -> str:
    """The refund page of the payment that pays for the order; empty if there is none."""
    payment = order.payments.filter(status__in=PAYING).first()
    return reverse("admin:payments_payment_refund", args=[payment.pk]) if payment else ""
