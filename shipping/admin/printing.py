"""How does a person in the office get labels and packing slips, one by one and many at once?"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from orders.admin import register_order_action
from orders.models import Order
from shipping import printing
from shipping.models import MOVING, Shipment, ShipmentPaper

_LABEL, _SLIP = ShipmentPaper.Kind.LABEL, ShipmentPaper.Kind.PACKING_SLIP
#: They tell names and addresses, as the order's page does.
_NEEDED = ("shipping.view_shipment", "orders.view_order")


@require_safe
def paper(request: HttpRequest, shipment_id: uuid.UUID, kind: str) -> HttpResponse:
    """One paper of one parcel, as a file."""
    if not request.user.has_perms(_NEEDED):
        raise PermissionDenied
    if kind not in ShipmentPaper.Kind.values:
        raise Http404
    shipment = get_object_or_404(_with_goods(Shipment.objects.filter(pk=shipment_id)))
    try:
        pdf = printing.paper(shipment=shipment, kind=kind)
    except printing.CannotPrint as refused:
        messages.error(request, str(refused))
        return redirect("admin:shipping_shipment_change", shipment.pk)
    return _file(pdf, f"{kind}-{shipment.tracking_number}")


@admin.action(description=gettext_lazy("Print labels (one PDF)"), permissions=["view"])
def print_labels(model_admin: Any, request: HttpRequest, chosen: QuerySet[Shipment]) -> HttpResponse | None:
    return _print(request, chosen, _LABEL)


@admin.action(description=gettext_lazy("Print packing slips (one PDF)"), permissions=["view"])
def print_packing_slips(model_admin: Any, request: HttpRequest, chosen: QuerySet[Shipment]) -> HttpResponse | None:
    return _print(request, chosen, _SLIP)


@admin.action(description=gettext_lazy("Print labels (one PDF)"), permissions=["view"])
def print_labels_of_orders(model_admin: Any, request: HttpRequest, chosen: QuerySet[Order]) -> HttpResponse | None:
    return _print(request, Shipment.objects.filter(current_for__in=chosen), _LABEL)


@admin.action(description=gettext_lazy("Print packing slips (one PDF)"), permissions=["view"])
def print_packing_slips_of_orders(
    model_admin: Any, request: HttpRequest, chosen: QuerySet[Order]
) -> HttpResponse | None:
    return _print(request, Shipment.objects.filter(current_for__in=chosen), _SLIP)


register_order_action(print_labels_of_orders)
register_order_action(print_packing_slips_of_orders)


def _print(request: HttpRequest, chosen: QuerySet[Shipment], kind: str) -> HttpResponse | None:
    """What is under way and among the chosen ones; oldest first, as it lies on the packing table."""
    if not request.user.has_perms(_NEEDED):
        raise PermissionDenied
    moving = chosen.filter(status__in=MOVING, current_for__isnull=False, order__anonymised_at=None)
    shipments: Sequence[Shipment] = list(_with_goods(moving).order_by("shipped_at")[: printing.MOST_AT_ONCE + 1])
    if not shipments:
        messages.warning(request, _("None of these has a parcel under way, so nothing was printed."))
        return None
    try:
        pdf = printing.papers(shipments=shipments, kind=kind)
    except printing.CannotPrint as refused:
        messages.error(request, str(refused))
        return None
    return _file(pdf, f"{kind}s-{len(shipments)}")


def _with_goods(shipments: QuerySet[Shipment]) -> QuerySet[Shipment]:
    return shipments.select_related("order").prefetch_related("order__lines")


def _file(pdf: bytes, name: str) -> HttpResponse:
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
