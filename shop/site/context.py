"""Context processor for storefront pages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.basket.services import basket_of
from shop.catalogue import selectors as catalogue


def shop(request: HttpRequest) -> dict[str, Any]:
    """Lazy, so that admin and API pages do not pay for it."""
    return {
        "shop_demo": settings.CONVEYOR_DEMO,
        "shop_site_url": settings.SITE_URL,
        "shop_basket_count": SimpleLazyObject(lambda: basket_of(request).count),
        "shop_categories": SimpleLazyObject(catalogue.categories),
    }
