"""Checkout page: places one order, however often its form is submitted."""

import hashlib
from dataclasses import asdict

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from orders.models import Order, Source
from payments.gateways import AmountRefused
from shop.accounts import addresses
from shop.basket.contents import Contents
from shop.basket.services import basket_of
from shop.checkout import idempotency as keys
from shop.checkout import services
from shop.checkout.confirmation import Confirmation, OrderChanged, digest
from shop.checkout.countries import likely_country
from shop.checkout.forms import CheckoutForm, new_token
from shop.checkout.idempotency import Idempotency, KeyReused
from shop.checkout.payment_step import payment_page
from shop.checkout.services import LineWanted, Placed
from shop.checkout.shipping_options import shipping_options
from shop.checkout.tax_preview import tax_preview
from shop.limits.orders import TooManyPieces, place_within_limits
from shop.models import SavedAddress
from shop.order_pages.selectors import orders_of
from shop.stock.services import OutOfStock, UnknownProduct


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    contents = basket_of(request).contents()
    # Looked up after the basket is read: the first of two clicks empties it in the transaction that places the order.
    if request.method == "POST" and (earlier := _already_placed(request)):
        messages.info(request, _("You have already placed this order. Here it is."))
        return redirect("shop:order", earlier.public_id)
    if not contents.lines:
        return _empty(request)
    if request.method == "POST":
        return _submitted(request, contents)
    if not contents.can_check_out:
        return redirect("shop:basket")
    saved = _saved(request)
    return _page(request, contents, CheckoutForm(saved=saved, initial=_prefilled(request, saved) | _fresh(contents)))


def _empty(request: HttpRequest) -> HttpResponse:
    """Who has been signed out while the page was open has the basket of another guest."""
    if request.method == "POST" and not request.user.is_authenticated:
        text = _("Nothing was ordered: your basket is empty. If you have been signed out, sign in to get it back.")
        messages.warning(request, text)
    else:
        messages.info(request, _("Your basket is empty. Add something to check out."))
    return redirect("shop:basket")


@never_cache
@require_POST
def tax(request: HttpRequest) -> HttpResponse:
    """The part of the page that says which VAT is included, for the country that was just chosen."""
    form = CheckoutForm(request.POST, saved=_saved(request))
    offers = shipping_options(now=timezone.now())
    preview = tax_preview(contents=basket_of(request).contents(), offers=offers, **form.destination)
    return render(request, "shop/checkout/_tax.html", {"tax": preview})


def _submitted(request: HttpRequest, contents: Contents) -> HttpResponse:
    form = CheckoutForm(request.POST, saved=_saved(request))
    if not form.is_valid():
        if form.is_stale:
            form.add_error(None, _("This page was out of date. Please check your order and place it again."))
            form = _with_fresh(form, contents)
        return _page(request, contents, form)
    try:
        placed = place_within_limits(
            request=request,
            email=form.cleaned_data["email"],
            pieces=sum(line.quantity for line in contents.lines),
            place=lambda: _place(request, contents, form),
        )
    except (OrderChanged, TooManyPieces, AmountRefused) as refused:
        form.add_error(None, str(refused))
        return _changed(request, form)
    except (OutOfStock, UnknownProduct):
        messages.error(request, _("Something in your basket has just sold out. Your order was not placed."))
        return redirect("shop:basket")
    except KeyReused:
        form.add_error(
            None, _("This page was already used for another order. Please check your order and place it again.")
        )
        return _page(request, contents, _with_fresh(form, contents))
    return redirect("shop:order", placed.order.public_id)


def _place(request: HttpRequest, contents: Contents, form: CheckoutForm) -> Placed:
    data, user = form.cleaned_data, _user(request)
    placed = services.checkout(
        email=data["email"],
        name=data["name"],
        address=form.address,
        shipping_method=data["shipping_method"],
        payment_method=data["payment_method"],
        lines=[LineWanted(sku=line.product.sku, quantity=line.quantity) for line in contents.lines],
        source=Source.WEB,
        user=user,
        language=get_language() or "",
        idempotency=_idempotency(request, data["token"]),
        confirmation=Confirmation(shown=data["seen"], take_basket=lambda: basket_of(request).take(contents)),
    )
    if user and form.should_save_address:
        _save_address(request, user, form)
    return placed


def _changed(request: HttpRequest, form: CheckoutForm) -> HttpResponse:
    contents = basket_of(request).contents()
    if not contents.can_check_out:
        return redirect("shop:basket")
    return _page(request, contents, _with_fresh(form, contents))


def _save_address(request: HttpRequest, user: AbstractBaseUser, form: CheckoutForm) -> None:
    try:
        addresses.add_address(user=user, name=form.cleaned_data["name"], address=form.address)
    except addresses.TooManyAddresses as error:
        messages.info(request, str(error))


def _page(request: HttpRequest, contents: Contents, form: CheckoutForm) -> HttpResponse:
    form.focus_first_error()
    offers = shipping_options(now=timezone.now())
    totals = [(offer.method, offer.price, contents.subtotal + offer.price) for offer in offers]
    amounts = [(str(method), total) for method, _price, total in totals]
    context = {
        "contents": contents,
        "form": form,
        "offers": offers,
        "totals": totals,
        "tax": tax_preview(contents=contents, offers=offers, **form.destination),
    }
    return payment_page(request, "shop/checkout/page.html", context, currency=contents.currency, amounts=amounts)


def _fresh(contents: Contents) -> dict[str, object]:
    lines = [(line.product.sku, line.quantity, line.product.price) for line in contents.lines]
    return {"token": new_token(), "seen": digest(lines)}


def _with_fresh(form: CheckoutForm, contents: Contents) -> CheckoutForm:
    """The same input, with a new token and for the current contents."""
    form.data = dict(form.data.items()) | {name: str(value) for name, value in _fresh(contents).items()}
    return form


def _prefilled(request: HttpRequest, saved: list[SavedAddress]) -> dict[str, object]:
    """Prefill from the shopper's account, saved addresses or last order."""
    guess: dict[str, object] = {"country": likely_country(accept_language=request.headers.get("Accept-Language", ""))}
    if not request.user.is_authenticated:
        return guess
    last = orders_of(user=request.user).first()
    if saved:
        email = last.email if last else request.user.email
        return guess | {"email": email, "saved_address": str(saved[0].pk)}
    if not last:
        return guess | {"email": request.user.email, "name": request.user.get_full_name()}
    return {"email": last.email, "name": last.name, **asdict(last.address)}


def _user(request: HttpRequest) -> AbstractBaseUser | None:
    return request.user if request.user.is_authenticated else None


def _saved(request: HttpRequest) -> list[SavedAddress]:
    user = _user(request)
    return list(addresses.addresses_of(user=user)) if user else []


def _client(request: HttpRequest) -> str:
    """Scope of a token: a leaked token is useless in another session."""
    if not request.session.session_key:
        request.session.create()
    return "web:" + hashlib.sha256(str(request.session.session_key).encode()).hexdigest()[:40]


def _already_placed(request: HttpRequest) -> Order | None:
    """The order of a form that is submitted again: by a second click, from another tab, or with the back button."""
    return keys.order_placed_with(_idempotency(request, request.POST.get("token", "")))


def _idempotency(request: HttpRequest, token: str) -> Idempotency:
    return Idempotency(client=_client(request), key=token)
