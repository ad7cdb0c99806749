"""Order admin action that prints the invoices of the selected orders as one PDF."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from orders.admin import register_order_action
from orders.models import Order
from shop.invoices.services import MAX_AT_ONCE, NoInvoice, combined_invoices


@admin.action(description=_("Print invoices (one PDF)"), permissions=["view"])
def print_invoices(model_admin: Any, request: HttpRequest, chosen: QuerySet[Order]) -> HttpResponse | None:
    """Prints the oldest first."""
    orders = list(chosen.order_by("placed_at")[: MAX_AT_ONCE + 1])
    try:
        pdf = combined_invoices(orders=orders)
    except NoInvoice as error:
        messages.warning(request, str(error))
        return None
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="invoices-{len(orders)}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


register_order_action(print_invoices)
