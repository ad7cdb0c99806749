"""Structured data for search engines: schema.org objects in JSON-LD."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from orders.money import exact
from shop.catalogue.pictures import Pictured
from shop.models import Product, Review

Data = dict[str, Any]

_CONTEXT = "https://schema.org"


def absolute_url(path: str) -> str:
    """The full URL under SITE_URL, the shop's canonical host. A picture's may be of another host."""
    return path if path.startswith(("https://", "http://")) else f"{settings.SITE_URL}{path}"


def of_site() -> list[Data]:
    home = absolute_url(reverse("shop:home"))
    organization = {
        "@context": _CONTEXT,
        "@type": "Organization",
        "name": "Conveyor",
        "url": home,
        "logo": absolute_url(static("shop/icon-512.png")),
    }
    search = {
        "@type": "SearchAction",
        "target": {
            "@type": "EntryPoint",
            "urlTemplate": absolute_url(reverse("shop:search")) + "?q={search_term_string}",
        },
        "query-input": "required name=search_term_string",
    }
    site = {"@context": _CONTEXT, "@type": "WebSite", "name": "Conveyor", "url": home, "potentialAction": search}
    return [organization, site]


def of_product(*, product: Product, reviews: Sequence[Review]) -> list[Data]:
    described: Data = {
        "@context": _CONTEXT,
        "@type": "Product",
        "name": product.name,
        "sku": product.sku,
        "url": absolute_url(product.get_absolute_url()),
        "image": absolute_url(Pictured.of(product).largest),
        "description": product.description or product.tagline,
        "brand": {"@type": "Brand", "name": "Conveyor"},
        "offers": _offer(product),
    }
    if product.category:
        described["category"] = product.category.name
    if product.rating:
        described["aggregateRating"] = _rating(product.rating, product.rating_count)
        described["review"] = [_review(review) for review in reviews]
    return [described, _breadcrumbs(product)]


def _offer(product: Product) -> Data:
    availability = "InStock" if product.stock > 0 and product.is_for_sale else "OutOfStock"
    return {
        "@type": "Offer",
        "url": absolute_url(product.get_absolute_url()),
        "price": str(exact(product.price, product.currency)),
        "priceCurrency": product.currency,
        "availability": f"{_CONTEXT}/{availability}",
        "itemCondition": f"{_CONTEXT}/NewCondition",
    }


def _rating(value: float, count: int) -> Data:
    return {"@type": "AggregateRating", "ratingValue": round(value, 1), "reviewCount": count, "bestRating": 5}


def _review(review: Review) -> Data:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": review.signed},
        "datePublished": review.at.date().isoformat(),
        "name": review.title,
        "reviewBody": review.text,
        "reviewRating": {"@type": "Rating", "ratingValue": review.stars, "bestRating": 5},
    }


def _breadcrumbs(product: Product) -> Data:
    steps = [(_("Shop"), reverse("shop:home"))]
    if product.category:
        steps.append((product.category.name, product.category.get_absolute_url()))
    steps.append((product.name, product.get_absolute_url()))
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": absolute_url(path)}
        for place, (name, path) in enumerate(steps, start=1)
    ]
    return {"@context": _CONTEXT, "@type": "BreadcrumbList", "itemListElement": items}
