"""Catalogue reads for the storefront and the API.

Names, taglines, descriptions and blurbs are in the active language where a translation exists.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page
from django.db.models import Subquery

from shop.catalogue import search
from shop.catalogue.pagination import ProductPaginator, SearchHits
from shop.catalogue.search import EVERYTHING, MOST, Criteria, Sort
from shop.models import Category, Product, ProductQuerySet

PAGE_SIZE = 24
_SUGGESTED_PRODUCTS, _SUGGESTED_CATEGORIES = 6, 3

_ORDERS = {
    Sort.FEATURED: ("position", "id"),
    Sort.PRICE_UP: ("price", "id"),
    Sort.PRICE_DOWN: ("-price", "-id"),
    Sort.NEWEST: ("-created_at", "-id"),
}


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Search suggestions for a partly typed query."""

    products: list[Product]
    categories: list[Category]


def categories() -> list[Category]:
    """All categories, in display order."""
    return list(Category.objects.in_active_language())


def category(*, slug: str) -> Category:
    """Raises `Category.DoesNotExist`."""
    return Category.objects.in_active_language().get(slug=slug)


def products(*, criteria: Criteria = EVERYTHING, page: int | str | None = 1) -> Page[Product]:
    """One page of listed products. An invalid page number yields the nearest valid page."""
    return ProductPaginator(matching(criteria=criteria), PAGE_SIZE).get_page(page)


def matching(*, criteria: Criteria) -> ProductQuerySet | SearchHits:
    """Listed products that match the criteria; a search yields at most `MOST` + 1, to show that there are more."""
    if criteria.search:
        return SearchHits(search.find(criteria=criteria, limit=MOST + 1), _listed())
    found = _listed()
    if criteria.category:
        # A subquery, since PostgreSQL would sort the whole category for a join.
        found = found.filter(category=Subquery(Category.objects.filter(slug=criteria.category).values("pk")[:1]))
    if criteria.price_from is not None:
        found = found.filter(price__gte=criteria.price_from)
    if criteria.price_to is not None:
        found = found.filter(price__lte=criteria.price_to)
    if criteria.in_stock:
        found = found.filter(stock__gt=0)
    return found.order_by(*_ORDERS.get(Sort(criteria.sort or Sort.FEATURED), _ORDERS[Sort.FEATURED]))


def suggestions(*, query: str) -> Suggestions:
    """The best matches for the query so far, tolerating typos."""
    keys = search.find(criteria=Criteria(search=query), limit=_SUGGESTED_PRODUCTS)
    if not keys:
        meant = search.correction(search=query)
        keys = search.find(criteria=Criteria(search=meant), limit=_SUGGESTED_PRODUCTS)
    asked = search.terms(query)
    named = [category for category in categories() if _is_named(category, asked)] if asked else []
    return Suggestions(products=SearchHits(keys, _listed())[:], categories=named[:_SUGGESTED_CATEGORIES])


def correction(*, query: str) -> str:
    """Spelling correction for a search without results; empty if there is none."""
    return search.correction(search=query)


def popular(*, limit: int = 4) -> list[Product]:
    """Featured products that are in stock."""
    return list(_listed().filter(stock__gt=0)[:limit])


def product(*, slug: str) -> Product:
    """Raises `Product.DoesNotExist`, also for products that are not listed."""
    return _listed().get(slug=slug)


def listed_product(*, sku: str) -> Product:
    """Raises `Product.DoesNotExist`, also for products that are not listed."""
    return _listed().get(sku=sku)


def related_products(*, of: Product, limit: int = 4) -> list[Product]:
    """Other products of the same category that are in stock."""
    return list(_listed().filter(category=of.category_id, stock__gt=0).exclude(pk=of.pk)[:limit])


def by_sku(*, skus: Iterable[str]) -> dict[str, Product]:
    """Products for sale by SKU; SKUs no longer sold are left out."""
    return {found.sku: found for found in _listed().for_sale().filter(sku__in=list(skus))}


def _is_named(category: Category, asked: Sequence[str]) -> bool:
    words = search.terms(search.spelled(category.name))
    return all(any(word.startswith(part) for word in words) for part in asked)


def _listed() -> ProductQuerySet:
    return Product.objects.on_shelves()
