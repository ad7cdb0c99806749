"""Downloads of invoices and credit notes for anyone who has the order's URL, as long as its personal data is there."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orders.models import Order
from shop.invoices.printing import pdf_of
from shop.invoices.responses import pdf_response
from shop.invoices.selectors import invoice_of
from shop.invoices.services import issue_missing_invoices
from shop.models import CreditNote, Invoice
from shop.order_pages.views import page_context, private_page


@private_page
@require_safe
def download(request: HttpRequest, public_id: str) -> HttpResponse:
    """The invoice of the order's newest payment, or a page that says when there will be one."""
    context = page_context(public_id)
    invoice = _invoice(context)
    if invoice is None:
        return render(request, "shop/invoices/none_yet.html", context, status=409)
    return pdf_response(pdf_of(invoice), name=f"invoice-{invoice.number}")


@private_page
@require_safe
def download_credit_note(request: HttpRequest, public_id: str, number: str) -> HttpResponse:
    notes = CreditNote.objects.defer("pdf").filter(order__public_id=public_id, order__anonymised_at=None)
    note = notes.filter(number=number).first()
    if note is None:
        raise Http404
    return pdf_response(pdf_of(note), name=f"credit-note-{note.number}")


def _invoice(context: dict[str, Any]) -> Invoice | None:
    order: Order = context["order"]
    if not context["view"].has_invoice:
        return None
    if context["view"].papers.invoice is None:
        issue_missing_invoices(order=order)
    return invoice_of(order=order)
