"""What can a shopper find in the catalogue? (Reads of the storefront's pages.)

Names, taglines, descriptions and blurbs are in the active language where there is a text in it.
"""

from collections.abc import Iterable

from django.core.paginator import Page, Paginator
from django.db.models import Q

from shop.models import Category, Product, ProductQuerySet

PAGE_SIZE = 24


def categories() -> list[Category]:
    """All categories, in the order in which the shop shows them."""
    return list(Category.objects.in_active_language())


def category(*, slug: str) -> Category:
    """Raises Category.DoesNotExist."""
    return Category.objects.in_active_language().get(slug=slug)


def products(*, category: Category | None = None, search: str = "", page: int | str | None = 1) -> Page[Product]:
    """One page of listed products. A page number that makes no sense shows the nearest page that exists."""
    found = matching(search=search, category_slug=category.slug if category else "")
    return Paginator(found, PAGE_SIZE).get_page(page)


def matching(*, search: str = "", category_slug: str = "") -> ProductQuerySet:
    """Listed products that have every word of `search` somewhere, and are of the category if one is named."""
    found = _listed()
    if category_slug:
        found = found.filter(category__slug=category_slug)
    for word in search.split():
        found = found.filter(Q(name__icontains=word) | Q(tagline__icontains=word) | Q(description__icontains=word))
    return found


def product(*, slug: str) -> Product:
    """Raises Product.DoesNotExist, for goods that are not listed, too."""
    return _listed().get(slug=slug)


def listed_product(*, sku: str) -> Product:
    """Raises Product.DoesNotExist, for goods that are not listed, too."""
    return _listed().get(sku=sku)


def neighbours(*, of: Product, limit: int = 4) -> list[Product]:
    """Others of the same category that can be bought now."""
    return list(_listed().filter(category=of.category_id, stock__gt=0).exclude(pk=of.pk)[:limit])


def by_sku(*, skus: Iterable[str]) -> dict[str, Product]:
    """Listed products; a sku that is not sold any more is simply missing."""
    return {found.sku: found for found in _listed().filter(sku__in=list(skus))}


def _listed() -> ProductQuerySet:
    return Product.objects.listed().select_related("category").in_active_language()
