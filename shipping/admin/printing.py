"""Printing of labels and packing slips: downloads for one parcel, and admin actions for many."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from orders.admin import register_order_action
from orders.models import Order
from shipping.documents import store
from shipping.models import MOVING, Shipment, ShipmentDocument

_LABEL, _SLIP = ShipmentDocument.Kind.LABEL, ShipmentDocument.Kind.PACKING_SLIP
#: Documents show names and addresses, like the order's page.
_PERMISSIONS = ("shipping.view_shipment", "orders.view_order")


@require_safe
def download(request: HttpRequest, shipment_id: uuid.UUID, kind: str) -> HttpResponse:
    """One document of one parcel, as a PDF file."""
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    if kind not in ShipmentDocument.Kind.values:
        raise Http404
    shipment = get_object_or_404(_with_order_lines(Shipment.objects.filter(pk=shipment_id)))
    try:
        pdf = store.document_pdf(shipment=shipment, kind=kind)
    except store.CannotPrint as error:
        messages.error(request, str(error))
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
    """Print for the chosen parcels that are on their way, oldest first, which is the order of packing."""
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    moving = chosen.filter(status__in=MOVING, current_for__isnull=False, order__anonymised_at=None)
    shipments: Sequence[Shipment] = list(_with_order_lines(moving).order_by("shipped_at")[: store.MAX_PER_FILE + 1])
    if not shipments:
        messages.warning(request, _("None of the selected rows has a parcel on its way. Nothing was printed."))
        return None
    try:
        pdf = store.merged_pdf(shipments=shipments, kind=kind)
    except store.CannotPrint as error:
        messages.error(request, str(error))
        return None
    return _file(pdf, f"{kind}s-{len(shipments)}")


def _with_order_lines(shipments: QuerySet[Shipment]) -> QuerySet[Shipment]:
    return shipments.select_related("order").prefetch_related("order__lines")


def _file(pdf: bytes, name: str) -> HttpResponse:
    """`name` may have characters of all kinds: carriers choose the numbers of their parcels."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.pdf")
    response["Cache-Control"] = "no-store"
    return response
