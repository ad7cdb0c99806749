"""Template tags and filters of the storefront: pictures, money, pagination, search-engine data."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import template
from django.core.paginator import Page
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders import money as order_money
from shop.catalogue import pictures
from shop.demo.card_hints import CARD_HINTS
from shop.seo import social_cards
from shop.seo.structured_data import absolute_url
from shop.stock.services import FEW_LEFT

register = template.Library()

_NO_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}

_STATUS_TONE = {
    "placed": "badge-info",
    "paid": "badge-info",
    "shipped": "badge-info",
    "delivered": "badge-success",
    "payment_failed": "badge-error",
    "cancelled": "badge-neutral",
    "refunded": "badge-neutral",
}


register.simple_tag(pictures.picture, name="picture")
register.simple_tag(pictures.picture_at, name="picture_at")
register.simple_tag(social_cards.card_of, name="card")
register.filter("category_description", social_cards.category_description)


@register.simple_tag(takes_context=True)
def canonical(context: dict[str, Any]) -> str:
    """The one address of the page that is shown: of what was asked, only the page of a list is part of it."""
    request = context["request"]
    page = request.GET.get("page", "")
    return absolute_url(request.path) + (f"?page={page}" if page.isdecimal() and page not in ("0", "1") else "")


@register.simple_tag
def json_ld(data: list[dict[str, Any]]) -> SafeString:
    """Data for search engines. Escaped as Django's `json_script` does, so that no text in it can end the block."""
    text = json.dumps(data, ensure_ascii=False).translate(_NO_MARKUP)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))


@register.filter
def half_stars(rating: float) -> int:
    """Stars in steps of a half, 0 to 10, as the classes `stars-1` and so on count them."""
    return round(rating * 2)


@register.filter
def hours(left: timedelta) -> int:
    """Whole hours of `left`."""
    return int(left.total_seconds()) // 3600


@register.filter
def minutes(left: timedelta) -> int:
    """Minutes of `left` beside its whole hours."""
    return int(left.total_seconds()) % 3600 // 60


@register.simple_tag
def page_numbers(page: Page[Any]) -> Iterator[int | str]:
    """The first and last pages, those around this one, and a sign for those left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.filter
def money(amount_minor: int, currency: str) -> str:
    return order_money.display(amount_minor, currency)


@register.filter
def stock_level(stock: int) -> str:
    """`none`, `few` or `plenty`."""
    if stock <= 0:
        return "none"
    return "few" if stock <= FEW_LEFT else "plenty"


@register.filter
def card_hint(method: str) -> str:
    """What a test card does; nothing for methods of a real gateway."""
    return str(CARD_HINTS.get(method, ""))


@register.filter
def without_underscores(code: str) -> str:
    """`card_declined` as `card declined`."""
    return code.replace("_", " ")


@register.filter
def status_tone(status: str) -> str:
    return _STATUS_TONE.get(status, "badge-neutral")
