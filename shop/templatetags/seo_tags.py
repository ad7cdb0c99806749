"""Template tags for search engines and shared links: canonical URL, social card, structured data."""

import json
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.seo.social_cards import card_of, category_description
from shop.seo.structured_data import absolute_url

register = template.Library()

_NO_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}

register.simple_tag(card_of, name="card")
register.filter(category_description)


@register.simple_tag(takes_context=True)
def canonical(context: dict[str, Any]) -> str:
    """Canonical URL of the current page; of the query string, only a list's page number is kept."""
    request = context["request"]
    page = request.GET.get("page", "")
    return absolute_url(request.path) + (f"?page={page}" if page.isdecimal() and page not in ("0", "1") else "")


@register.simple_tag
def json_ld(data: list[dict[str, Any]]) -> SafeString:
    """JSON-LD script block, escaped like Django's `json_script` so that no text in it can close the block."""
    text = json.dumps(data, ensure_ascii=False).translate(_NO_MARKUP)
    return format_html('<script type="application/ld+json">{}</script>', SafeString(text))
