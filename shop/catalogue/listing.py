"""Filters, sorting and pagination of a product list: all products, a category, or a search."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import gettext as _

from orders.money import display
from shop.catalogue import selectors
from shop.catalogue.forms import ProductFilterForm
from shop.catalogue.search import Criteria

#: What a list reads from its query string: the fields of `ProductFilterForm`, and the page.
LISTING_PARAMETERS = (*ProductFilterForm.base_fields, "page")


@dataclass(frozen=True, slots=True)
class FilterChip:
    """An active filter, and the query string without it."""

    text: str
    href: str


def listing_context(request: HttpRequest, *, category: str = "") -> dict[str, Any]:
    """Context of a product list: the filter form, one page of products, and chips that each remove a filter."""
    form = ProductFilterForm(request.GET)
    criteria = form.criteria(category=category)
    return {
        "filters": form,
        "criteria": criteria,
        "page": selectors.products(criteria=criteria, page=request.GET.get("page")),
        "chips": list(_chips(request.GET, criteria, category)),
    }


def pushes_url(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """htmx picks its part out of the full page. The address bar gets the query string without empty fields."""

    @wraps(view)
    def pushing_view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        response = view(request, **arguments)
        if request.htmx:  # type: ignore[attr-defined]
            response["HX-Push-Url"] = request.path + _query(request.GET, without=("page",))
        return response

    return pushing_view


def _chips(query: QueryDict, criteria: Criteria, category: str) -> Iterator[FilterChip]:
    if criteria.category and not category:
        named = {each.slug: each.name for each in selectors.categories()}
        yield FilterChip(named.get(criteria.category, criteria.category), _query(query, without=("page", "category")))
    if criteria.price_from is not None:
        text = _("From %(price)s") % {"price": display(criteria.price_from, settings.SHOP_CURRENCY)}
        yield FilterChip(text, _query(query, without=("page", "price_from")))
    if criteria.price_to is not None:
        text = _("Up to %(price)s") % {"price": display(criteria.price_to, settings.SHOP_CURRENCY)}
        yield FilterChip(text, _query(query, without=("page", "price_to")))
    if criteria.in_stock:
        yield FilterChip(_("In stock"), _query(query, without=("page", "in_stock")))


def _query(query: QueryDict, *, without: tuple[str, ...]) -> str:
    kept = QueryDict(mutable=True)
    for name, value in query.items():
        if value and name not in without:
            kept[name] = str(value)
    return f"?{kept.urlencode()}"
