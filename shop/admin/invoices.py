"""How does a person in the office print the invoices of many orders?"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from orders.admin import OrderAdmin
from orders.models import Order
from shop.documents import stored


@admin.action(description=_("Print invoices (one PDF)"), permissions=["view"])
def print_invoices(model_admin: Any, request: HttpRequest, chosen: QuerySet[Order]) -> HttpResponse | None:
    """Oldest first."""
    orders = list(chosen.order_by("placed_at")[: stored.MOST_AT_ONCE + 1])
    try:
        pdf = stored.invoices(orders=orders)
    except stored.NoInvoice as refused:
        messages.warning(request, str(refused))
        return None
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="invoices-{len(orders)}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


OrderAdmin.actions = [*OrderAdmin.actions, print_invoices]  # type: ignore[misc]
