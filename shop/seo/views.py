"""Files for search engines, browsers and phones: sitemap, robots.txt, favicon, web manifest."""

from django.contrib.sitemaps.views import sitemap as django_sitemap
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from shop.seo import sitemaps
from shop.seo.structured_data import absolute_url

_PRIVATE = ("/account/", "/admin/", "/api/", "/basket/", "/checkout/", "/orders/")
_ICON_SIZES = (192, 512)


@require_safe
@cache_control(max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """Page 1 has every section, later pages only products, since Django raises 404 for a section without that page."""
    section = None if request.GET.get("p", "1") == "1" else "products"
    return django_sitemap(request, sitemaps.SITEMAPS, section=section)


@require_safe
@cache_control(max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    address = absolute_url(reverse("shop:sitemap"))
    files = [address, *(f"{address}?p={page}" for page in range(2, sitemaps.pages() + 1))]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE), *(f"Sitemap: {file}" for file in files)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@cache_control(max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers request this path regardless of the page's HTML."""
    return redirect(static("shop/favicon.ico"))


@require_safe
@cache_control(max_age=86_400)
def manifest(request: HttpRequest) -> HttpResponse:
    """Web app manifest, so that the shop can be added to a phone's home screen."""
    described = {
        "name": "Conveyor",
        "short_name": "Conveyor",
        "description": _("Good things, moving along."),
        "start_url": reverse("shop:home"),
        "display": "minimal-ui",
        "background_color": "#f8f4ea",
        "theme_color": "#3a23b8",
        "icons": [
            {"src": static(f"shop/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
            for size in _ICON_SIZES
        ],
    }
    return JsonResponse(described, content_type="application/manifest+json")
