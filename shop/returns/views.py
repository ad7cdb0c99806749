"""Return pages of an order: request a return, cancel it, download its label. Whoever has the order's link may."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from messaging.outbox import transaction
from orders.models import Order
from shop.limits.orders import take_return
from shop.models import Return, ReturnStatus
from shop.order_pages.selectors import order_by_public_id
from shop.order_pages.views import private_page
from shop.returns import labels, services
from shop.returns.errors import AlreadyDecided, RequestReused, ReturnRefused
from shop.returns.forms import ReturnForm
from shop.returns.selectors import return_until, returnable_lines


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    order = _order(public_id)
    until = return_until(order=order, events=order.events.all(), now=timezone.now())
    form = ReturnForm(request.POST or None, lines=returnable_lines(order=order))
    # Looked up after what is left is read: the first of two clicks takes it as it requests the return.
    if request.method == "POST" and (known := _repeated(request, order)) is not None:
        return _answered_again(request, known)
    if until is not None and request.method == "POST" and form.is_valid() and _requested(request, order, form):
        return _thanked(request, order)
    refused = until is None or not any(each.left for each in form.lines)
    context = {"order": order, "form": form, "until": until, "refused": refused, "seller": settings.SHOP_SELLER[:-1]}
    return render(request, "shop/returns/ask.html", context, status=409 if refused else 200)


@private_page
@require_POST
def cancel(request: HttpRequest, public_id: str, return_id: uuid.UUID) -> HttpResponse:
    found = _return(public_id, return_id)
    try:
        with transaction():
            services.cancel_return(found=found, by="customer")
    except AlreadyDecided as error:
        if found.status != ReturnStatus.CANCELLED:  # the first of two clicks has cancelled it, and the page says so
            messages.error(request, str(error))
    else:
        messages.success(request, _("Your return is cancelled. You keep the items."))
    return redirect("shop:order", public_id)


@private_page
@require_safe
def label(request: HttpRequest, public_id: str, return_id: uuid.UUID) -> HttpResponse:
    found = _return(public_id, return_id)
    pdf = labels.stored_label(found=found)
    if pdf is None:
        raise Http404
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="return-{found.number}.pdf"'
    return response


def _requested(request: HttpRequest, order: Order, form: ReturnForm) -> bool:
    """Whether the return was requested; otherwise the form has an error."""
    take_return(request, order=order)
    data: dict[str, Any] = {name: form.cleaned_data[name] for name in ("reason", "comment", "request_id")}
    try:
        with transaction():
            services.request_return(order=order, lines=form.wanted, **data)
    except (ReturnRefused, RequestReused) as error:
        form.add_error(None, str(error))
        return False
    return True


def _repeated(request: HttpRequest, order: Order) -> Return | None:
    """The return if exactly this was requested before, as by a double click. The form refuses pieces that are taken."""
    try:
        request_id = uuid.UUID(request.POST.get("request_id", ""))
    except ValueError:
        return None
    known = order.returns.filter(pk=request_id, reason=request.POST.get("reason", "")).first()
    pieces = dict(known.lines.values_list("order_line", "quantity")) if known else {}
    lines = order.lines.all() if known else ()
    is_same = all(request.POST.get(f"line-{line.pk}", "0") == str(pieces.get(line.pk, 0)) for line in lines)
    return known if is_same else None


def _answered_again(request: HttpRequest, known: Return) -> HttpResponse:
    """A form that was sent again, such as with the browser's Back, requests nothing once its return is decided."""
    if known.status == ReturnStatus.REQUESTED:
        return _thanked(request, known.order)
    messages.error(request, str(AlreadyDecided(known)))
    return redirect("shop:order", known.order.public_id)


def _thanked(request: HttpRequest, order: Order) -> HttpResponse:
    messages.success(request, _("Thank you. We are e-mailing you how to send the items back."))
    return redirect("shop:order", order.public_id)


def _order(public_id: str) -> Order:
    try:
        return order_by_public_id(public_id=public_id)
    except Order.DoesNotExist:
        raise Http404 from None


def _return(public_id: str, return_id: uuid.UUID) -> Return:
    return get_object_or_404(Return.objects.select_related("order"), pk=return_id, order__public_id=public_id)
