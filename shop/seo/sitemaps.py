"""Sitemaps of products, categories and pages about the shop."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from shop.models import Category, Product, ProductQuerySet


class _ShopSitemap(Sitemap):  # type: ignore[type-arg]
    """URLs under SITE_URL, whatever the request's host."""

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc


class PageSitemap(_ShopSitemap):
    def items(self) -> list[str]:
        return ["shop:home", "shop:products", "shop:about", "shop:delivery"]

    def location(self, item: str) -> str:
        return reverse(item)


class CategorySitemap(_ShopSitemap):
    def items(self) -> QuerySet[Category]:
        return Category.objects.all()


class ProductSitemap(_ShopSitemap):
    #: Anybody may ask for it: 50,000, as many as the protocol allows, occupy a thread for 2.5 s and take 60 MB.
    limit = 5_000

    def items(self) -> ProductQuerySet:
        return Product.objects.listed().only("slug").order_by("pk")


SITEMAPS: "dict[str, type[Sitemap[Any]] | Sitemap[Any]]" = {
    "pages": PageSitemap,
    "categories": CategorySitemap,
    "products": ProductSitemap,
}


def pages() -> int:
    """Number of sitemap files, each of up to `ProductSitemap.limit` products."""
    return int(ProductSitemap().paginator.num_pages)
