"""What are search engines told of the shop?"""

from django.contrib.sitemaps.views import sitemap as django_sitemap
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from shop import sitemaps
from shop.structured import absolute

_PRIVATE = ("/account/", "/admin/", "/api/", "/basket/", "/checkout/", "/orders/")


@require_safe
@cache_control(max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The first file has all that is not goods; Django answers 404 for a section that has no such page."""
    section = None if request.GET.get("p", "1") == "1" else "products"
    return django_sitemap(request, sitemaps.SITEMAPS, section=section)


@require_safe
@cache_control(max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    address = absolute(reverse("shop:sitemap"))
    files = [address, *(f"{address}?p={page}" for page in range(2, sitemaps.pages() + 1))]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE), *(f"Sitemap: {file}" for file in files)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
