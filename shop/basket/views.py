"""Basket page and the actions on it.

Every action works as a plain form that redirects to the basket; htmx requests get only the parts that changed.
"""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from shop.basket.forms import BasketForm
from shop.basket.services import MAX_QUANTITY, basket_of
from shop.catalogue import selectors as catalogue
from shop.models import Product

_REMOVED = "basket_removed"


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/basket/page.html", _context(request))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = BasketForm(request.POST)
    if form.is_valid():
        product = _for_sale(form.cleaned_data["sku"])
        quantity = form.cleaned_data["quantity"]
        before, held = basket_of(request).add(product=product, quantity=quantity)
        _notify_added(request, product, before + quantity, before, held)
    else:
        _notify_invalid(request)
    if _is_htmx(request):
        return render(request, "shop/basket/_added.html")
    return redirect("shop:basket")


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    form = BasketForm(request.POST)
    if form.is_valid():
        product, wanted = _for_sale(form.cleaned_data["sku"]), form.cleaned_data["quantity"]
        _notify_capped(request, product, wanted, basket_of(request).put(product=product, quantity=wanted))
    else:
        _notify_invalid(request)
    return _changed(request)


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    sku = request.POST.get("sku", "")
    quantity = basket_of(request).remove(sku=sku)
    if quantity:
        request.session[_REMOVED] = [sku, quantity]
    return _changed(request)


def _changed(request: HttpRequest) -> HttpResponse:
    if _is_htmx(request):
        return render(request, "shop/basket/_changed.html", _context(request))
    return redirect("shop:basket")


def _context(request: HttpRequest) -> dict[str, Any]:
    """The line removed last can be put back, once."""
    sku, quantity = request.session.pop(_REMOVED) if _REMOVED in request.session else ("", 0)
    removed = catalogue.by_sku(skus=[sku]).get(sku) if quantity else None
    return {"contents": basket_of(request).contents(), "removed": removed, "removed_quantity": quantity}


def _for_sale(sku: str) -> Product:
    product = catalogue.by_sku(skus=[sku]).get(sku)
    if product is None:
        raise Http404
    return product


def _is_htmx(request: HttpRequest) -> bool:
    return bool(cast(HtmxDetails, request.htmx))  # type: ignore[attr-defined]


def _notify_added(request: HttpRequest, product: Product, wanted: int, before: int, held: int) -> None:
    _notify_capped(request, product, wanted, held)
    if held > before:
        messages.success(request, _("%(product)s is in your basket.") % {"product": product.name})


def _notify_capped(request: HttpRequest, product: Product, wanted: int, held: int) -> None:
    if not held:
        messages.error(request, _("%(product)s is sold out.") % {"product": product.name})
    elif held < wanted and held == product.stock:
        left = ngettext(
            "Only %(left)d of %(product)s left in stock.", "Only %(left)d of %(product)s left in stock.", product.stock
        )
        messages.warning(request, left % {"left": product.stock, "product": product.name})
    elif held < wanted:
        messages.warning(request, _("You can order up to %(most)d of each product.") % {"most": MAX_QUANTITY})


def _notify_invalid(request: HttpRequest) -> None:
    messages.error(request, _("Please choose a quantity from 1 to %(most)d.") % {"most": MAX_QUANTITY})
