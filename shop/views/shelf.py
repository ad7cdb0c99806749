"""How does a page of goods answer filters, sorting and leafing? The same way at home, in a category and in a search."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from orders.money import display
from shop import catalogue
from shop.forms import ShelfForm
from shop.search import Wanted


@dataclass(frozen=True, slots=True)
class Chip:
    """A wish that is granted, and the address without it."""

    text: str
    href: str


def wishes(request: HttpRequest, *, category: str = "") -> dict[str, Any]:
    """What templates of a shelf need: the form, the page of goods, and chips that take a wish back."""
    form = ShelfForm(request.GET)
    wanted = form.wanted(category=category)
    return {
        "filters": form,
        "wanted": wanted,
        "page": catalogue.products(wanted=wanted, page=request.GET.get("page")),
        "chips": list(_chips(request.GET, wanted, category)),
    }


def answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """htmx takes its part from the whole page. The address bar gets the wishes without the fields left empty."""
    response = render(request, template, context)
    if request.htmx:  # type: ignore[attr-defined]
        response["HX-Push-Url"] = request.path + _query(request.GET, without=("page",))
    return response


def _chips(asked: QueryDict, wanted: Wanted, category: str) -> Iterator[Chip]:
    if wanted.category and not category:
        named = {shelf.slug: shelf.name for shelf in catalogue.categories()}
        yield Chip(named.get(wanted.category, wanted.category), _query(asked, without=("page", "category")))
    if wanted.price_from is not None:
        text = _("From %(price)s") % {"price": display(wanted.price_from, settings.SHOP_CURRENCY)}
        yield Chip(text, _query(asked, without=("page", "price_from")))
    if wanted.price_to is not None:
        text = _("Up to %(price)s") % {"price": display(wanted.price_to, settings.SHOP_CURRENCY)}
        yield Chip(text, _query(asked, without=("page", "price_to")))
    if wanted.in_stock:
        yield Chip(_("In stock"), _query(asked, without=("page", "in_stock")))


def _query(asked: QueryDict, *, without: tuple[str, ...]) -> str:
    kept = QueryDict(mutable=True)
    for name, value in asked.items():
        if value and name not in without:
            kept[name] = str(value)
    return f"?{kept.urlencode()}"
