"""How does a basket become an order, exactly once however often the form is sent?"""

import hashlib

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders.models import Order, Source
from payments.gateways import offered_methods
from shop import services
from shop.basket import Basket, Contents
from shop.errors import KeyReused, OutOfStock, UnknownProduct
from shop.forms import CheckoutForm, new_token

_PLACED = "placed"
# Forms that may still be sent again from another tab or with the back button.
_REMEMBERED = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    earlier = _already_placed(request)
    if earlier:
        messages.info(request, _("You have placed this order already. Here it is."))
        return redirect("shop:order", earlier)
    contents = Basket(request.session).contents()
    if not contents.lines:
        messages.info(request, _("Your basket is empty, so there is nothing to check out."))
        return redirect("shop:basket")
    if request.method == "POST":
        return _submitted(request, contents)
    if not contents.can_check_out:
        return redirect("shop:basket")
    return _page(request, contents, CheckoutForm(initial=_known(request) | _fresh(contents)))


def _submitted(request: HttpRequest, contents: Contents) -> HttpResponse:
    form = CheckoutForm(request.POST)
    if not form.is_valid():
        if form.is_stale:
            form.add_error(None, _("This form was out of date. Please look it over and send it again."))
            form = _with_fresh(form, contents)
        return _page(request, contents, form)
    if form.cleaned_data["seen"] != contents.subtotal:
        form.add_error(None, _("Your basket or a price changed. Please look at the new total and send it again."))
        return _page(request, contents, _with_fresh(form, contents))
    try:
        order = _place(request, contents, form)
    except (OutOfStock, UnknownProduct):
        messages.error(request, _("Something in your basket was sold meanwhile. Nothing was ordered."))
        return redirect("shop:basket")
    except KeyReused:
        form.add_error(None, _("This form was already used for another order. Please send it again."))
        return _page(request, contents, _with_fresh(form, contents))
    return redirect("shop:order", order.public_id)


def _place(request: HttpRequest, contents: Contents, form: CheckoutForm) -> Order:
    data = form.cleaned_data
    placed = services.checkout(
        email=data["email"],
        name=data["name"],
        address=services.Address(
            line1=data["line1"], city=data["city"], postcode=data["postcode"], country=data["country"]
        ),
        shipping_method=data["shipping_method"],
        payment_method=data["payment_method"],
        lines=[services.LineWanted(sku=line.product.sku, quantity=line.quantity) for line in contents.lines],
        source=Source.WEB,
        user=request.user if request.user.is_authenticated else None,
        language=get_language() or "",
        idempotency=services.Idempotency(client=_client(request), key=data["token"]),
    )
    Basket(request.session).clear()
    _remember(request, data["token"], placed.order)
    return placed.order


def _page(request: HttpRequest, contents: Contents, form: CheckoutForm) -> HttpResponse:
    express = settings.SHOP_EXPRESS_PRICE
    form.focus_first_error()
    context = {
        "contents": contents,
        "form": form,
        "methods": offered_methods(),
        "express_price": express,
        "express_total": contents.subtotal + express,
    }
    return render(request, "shop/checkout.html", context)


def _fresh(contents: Contents) -> dict[str, object]:
    return {"token": new_token(), "seen": contents.subtotal}


def _with_fresh(form: CheckoutForm, contents: Contents) -> CheckoutForm:
    """The same answers, with a new token and the total that is now shown."""
    form.data = dict(form.data.items()) | {name: str(value) for name, value in _fresh(contents).items()}
    return form


def _known(request: HttpRequest) -> dict[str, object]:
    """Who has bought here before need not type it all again."""
    if not request.user.is_authenticated:
        return {}
    last = Order.objects.filter(user=request.user).first()
    if not last:
        return {"email": request.user.email, "name": request.user.get_full_name()}
    return {name: getattr(last, name) for name in ("email", "name", "line1", "postcode", "city", "country")}


def _client(request: HttpRequest) -> str:
    """Whose key a token is: a token that leaks is of no use in another session."""
    if not request.session.session_key:
        request.session.create()
    return "web:" + hashlib.sha256(str(request.session.session_key).encode()).hexdigest()[:40]


def _already_placed(request: HttpRequest) -> str | None:
    if request.method != "POST":
        return None
    return request.session.get(_PLACED, {}).get(request.POST.get("token", ""))


def _remember(request: HttpRequest, token: str, order: Order) -> None:
    placed = list(request.session.get(_PLACED, {}).items())[1 - _REMEMBERED :]
    request.session[_PLACED] = dict([*placed, (token, order.public_id)])
