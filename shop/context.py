"""What does every page of the storefront know?"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop import catalogue
from shop.basket import basket_of


def shop(request: HttpRequest) -> dict[str, Any]:
    """Lazy, so that pages of the admin and of the API pay nothing for it."""
    return {
        "shop_demo": settings.CONVEYOR_DEMO,
        "shop_site_url": settings.SITE_URL,
        "shop_basket_count": SimpleLazyObject(lambda: basket_of(request).count),
        "shop_categories": SimpleLazyObject(catalogue.categories),
    }
