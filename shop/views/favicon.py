"""Where do browsers find the icon when they ask for it by its old name?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control


@cache_control(max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("shop/favicon.svg"))
