"""How does a shopper watch an order, stop it, or pay for it again?

Who knows an order's public id may see it: the id is 128 random bits, and guests have nothing else.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.errors import IllegalTransition
from orders.models import Order
from payments.gateways import offered_methods
from shop import catalogue, selectors, services
from shop.errors import OutOfStock
from shop.forms import PaymentForm


@never_cache
@require_safe
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    context = _context(public_id)
    lines = list(context["order"].lines.all())
    sold = catalogue.by_sku(skus=[line.sku for line in lines])
    pairs = [(line, sold.get(line.sku)) for line in lines]
    return render(request, "shop/order.html", context | {"lines": pairs})


@require_safe
def live(request: HttpRequest, public_id: str) -> HttpResponse:
    """The part of the page that changes; 304 while nothing has, so that nothing is drawn or read out again."""
    context = _context(public_id)
    etag = quote_etag(context["view"].version)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "shop/partials/order_live.html", context | {"is_update": True})
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_POST
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    order = _context(public_id)["view"].order
    try:
        services.cancel(order=order)
    except IllegalTransition:
        messages.error(request, _("It is too late to cancel this order."))
    else:
        messages.success(request, _("The order is cancelled. Money that was taken comes back by itself."))
    return _moved(request, public_id)


@require_POST
def pay(request: HttpRequest, public_id: str) -> HttpResponse:
    order, form = _context(public_id)["view"].order, PaymentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose how you want to pay."))
        return _moved(request, public_id)
    try:
        services.pay_again(order=order, payment_method=form.cleaned_data["payment_method"])
    except IllegalTransition:
        messages.error(request, _("This order cannot be paid again. Its state is shown here."))
    except OutOfStock:
        messages.error(request, _("Something in this order was sold meanwhile, so it cannot be paid again."))
    else:
        messages.success(request, _("Thank you. We are trying the payment again."))
    return _moved(request, public_id)


def _moved(request: HttpRequest, public_id: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "shop/partials/order_live.html", _context(public_id) | {"is_update": True})
    return redirect("shop:order", public_id)


def _context(public_id: str) -> dict[str, Any]:
    try:
        view = selectors.order_view(public_id=public_id)
    except Order.DoesNotExist:
        raise Http404 from None
    methods = offered_methods()
    labels = {method.id: method.label for method in methods}
    paid_with = labels.get(view.payment.method, view.payment.method) if view.payment else ""
    return {"view": view, "order": view.order, "methods": methods, "paid_with": paid_with}
