"""Context processor for storefront pages."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.catalogue import selectors as catalogue
from shop.site.shared_pages import PIECES, SharedRequest
from shop.site.shared_pages.pieces import CSRF_TOKEN


def shop(request: HttpRequest) -> dict[str, Any]:
    """Lazy, so that admin and API pages do not pay for it."""
    return {
        "shop_demo": settings.CONVEYOR_DEMO,
        "shop_site_url": settings.SITE_URL,
        "shop_categories": SimpleLazyObject(catalogue.categories),
        **_pieces(request),
    }


def _pieces(request: HttpRequest) -> dict[str, Any]:
    """What belongs to one visitor: gaps on a shared page. Templates call what they show."""
    if isinstance(request, SharedRequest):
        return {name: request.gap(name) for name in PIECES}
    return {name: partial(piece, request) for name, piece in PIECES.items() if name != CSRF_TOKEN}
