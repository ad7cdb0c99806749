"""Style sheet for categories with colours of their own: the Content Security Policy forbids styles within a page.

The URL names the colours, so it needs no query, and a keyed digest of the rules, so it may be cached for ever, and
nobody else can make one.
"""

from collections.abc import Sequence

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from shop.colours import is_own, stylesheet

#: More categories than a shop's front page has room for. The others show as grey.
MOST = 60


def sheet_url(colours: Sequence[str]) -> str:
    chosen = colours[:MOST]
    return reverse("shop:colours", args=[_digest(stylesheet(chosen)), "-".join(each[1:] for each in chosen)])


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def colours(request: HttpRequest, digest: str, colours: str) -> HttpResponse:
    """404 unless the digest fits: nobody fills caches with sheets of any colours and names."""
    chosen = [f"#{each}" for each in colours.split("-")[: MOST + 1]]
    if len(chosen) > MOST or not all(map(is_own, chosen)):
        raise Http404
    rules = stylesheet(chosen)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)  # pages are kept longer than a key
    if not any(constant_time_compare(digest, _digest(rules, key)) for key in keys):
        raise Http404
    return HttpResponse(rules, content_type="text/css; charset=utf-8")


def _digest(rules: str, key: str | None = None) -> str:
    return salted_hmac("shop.site.colour_sheet", rules, secret=key).hexdigest()[:16]
