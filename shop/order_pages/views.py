"""Order page: follow its progress, cancel it, retry its payment, reorder its products.

Anyone with an order's public id may see it: the id has 128 random bits, and guests have no other credential.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders.models import Order, Status
from orders.transitions import IllegalTransition
from payments.gateways import AmountRefused, browser_form, method_label, offered_methods
from shop.basket.services import Refill, basket_of
from shop.catalogue import selectors as catalogue
from shop.checkout.forms import PaymentForm
from shop.checkout.payment_step import payment_page
from shop.limits.orders import take_payment
from shop.order_pages import services
from shop.order_pages.selectors import order_view
from shop.stock.services import OutOfStock, merged

#: The first of two clicks on "Retry payment" leaves one of these.
UNDER_WAY = frozenset({Status.PLACED, Status.PROCESSING, Status.PAID})


def private_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Excluded from caches and search engines, since anyone with the URL may see the order."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, public_id: str, **parts: str) -> HttpResponse:
        response = view(request, public_id, **parts)
        response["X-Robots-Tag"] = "noindex"
        return response

    return guarded


@private_page
@require_safe
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """A bank's page sends the shopper back with a secret of the payment in the address, which is not to be kept."""
    if "payment_intent_client_secret" in request.GET:
        return redirect("shop:order", public_id)
    context = page_context(public_id)
    lines = context["view"].lines
    sold = catalogue.by_sku(skus=[line.sku for line in lines])
    pairs = [(line, sold.get(line.sku)) for line in lines]
    return render(request, "shop/order_pages/page.html", context | {"lines": pairs})


@private_page
@require_safe
def live(request: HttpRequest, public_id: str) -> HttpResponse:
    """The part of the page that changes; 304 while it has not, so that nothing is redrawn or read out again."""
    context = page_context(public_id)
    etag = quote_etag(context["view"].version)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "shop/order_pages/_live.html", context | {"is_update": True})
    response["ETag"] = etag
    return response


@private_page
@require_POST
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    order = page_context(public_id)["order"]
    try:
        services.cancel(order=order)
    except IllegalTransition as refused:
        if refused.present != Status.CANCELLED:  # the first of two clicks has cancelled it, and the page says so
            messages.error(request, _("It is too late to cancel this order."))
    else:
        messages.success(request, _("Your order is cancelled."))
    return _updated(request, public_id)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET is the payment step of a gateway with a form of its own; other gateways have theirs on the order page."""
    context = page_context(public_id)
    order = context["order"]
    if request.method == "POST":
        _retry_payment(request, order)
        return _updated(request, public_id)
    if not context["card_form"] or not context["view"].can_pay:
        return redirect("shop:order", public_id)
    return payment_page(
        request, "shop/order_pages/pay.html", context, currency=order.currency, amounts=[("", order.total)]
    )


@private_page
@require_POST
def reorder(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add the order's products to the basket, at current prices and as far as they are in stock."""
    lines = page_context(public_id)["view"].lines
    names = {line.sku: line.name for line in lines}
    done = basket_of(request).refill(wanted=merged((line.sku, line.quantity) for line in lines))
    _notify_refilled(request, done, names)
    return redirect("shop:basket")


def _retry_payment(request: HttpRequest, order: Order) -> None:
    form = PaymentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose a payment method."))
        return
    take_payment(request, order=order)
    try:
        services.pay_again(order=order, payment_method=form.cleaned_data["payment_method"])
    except IllegalTransition as refused:
        if refused.present in UNDER_WAY:
            messages.info(request, _("The order is paid, or its payment is under way. Nothing more is charged."))
        else:
            messages.error(request, _("This payment cannot be retried. See the current status below."))
    except AmountRefused as refused:
        messages.error(request, str(refused))
    except OutOfStock:
        messages.error(request, _("Something in this order has sold out, so the payment cannot be retried."))
    else:
        messages.success(request, _("Thank you. We are retrying the payment."))


def _notify_refilled(request: HttpRequest, done: Refill, names: dict[str, str]) -> None:
    if done.added:
        text = ngettext("%(count)d item is in your basket.", "%(count)d items are in your basket.", done.added)
        messages.success(request, text % {"count": done.added})
    if done.short:
        text = ngettext(
            "%(count)d item was not added: it is out of stock, or your basket is full.",
            "%(count)d items were not added: they are out of stock, or your basket is full.",
            done.short,
        )
        messages.warning(request, text % {"count": done.short})
    if done.gone:
        gone = ", ".join(names[sku] for sku in done.gone)
        messages.warning(request, _("No longer sold: %(products)s.") % {"products": gone})


def _updated(request: HttpRequest, public_id: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "shop/order_pages/_live.html", page_context(public_id) | {"is_update": True})
    return redirect("shop:order", public_id)


def page_context(public_id: str) -> dict[str, Any]:
    try:
        view = order_view(public_id=public_id)
    except Order.DoesNotExist:
        raise Http404 from None
    paid_with = method_label(view.payment.method) if view.payment else ""
    return {
        "view": view,
        "order": view.order,
        "methods": offered_methods(),
        "card_form": browser_form(),
        "paid_with": paid_with,
    }
