"""Where do browsers find the icons of the shop?"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

_SIZES = (192, 512)


@cache_control(max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it by its old name, too."""
    return redirect(static("shop/favicon.ico"))


@require_safe
@cache_control(max_age=86_400)
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to put the shop on its home screen."""
    described = {
        "name": "Conveyor",
        "short_name": "Conveyor",
        "description": _("Good things, moving along."),
        "start_url": reverse("shop:home"),
        "display": "minimal-ui",
        "background_color": "#f8f4ea",
        "theme_color": "#3a23b8",
        "icons": [
            {"src": static(f"shop/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"} for size in _SIZES
        ],
    }
    return JsonResponse(described, content_type="application/manifest+json")
