"""Invoice download for anyone who has the order's URL."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop.invoices.services import issue_invoice
from shop.order_pages.views import page_context, private_page


@private_page
@require_safe
def download(request: HttpRequest, public_id: str) -> HttpResponse:
    context = page_context(public_id)
    if not context["view"].has_invoice:
        return render(request, "shop/invoices/none_yet.html", context, status=409)
    response = HttpResponse(issue_invoice(view=context["view"]), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="invoice-{context["order"].number}.pdf"'
    return response
