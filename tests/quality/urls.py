"""The project's URLs plus one for each error page."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as pages
from shop.site import error_pages as errors

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def render(handler: Callable[[HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
    return handler(request)


urlpatterns: list[URLPattern | URLResolver] = [
    path("errors/400/", partial(render, errors.bad_request)),
    path("errors/403/", partial(render, errors.forbidden)),
    path("errors/429/", partial(render, errors.locked_out)),
    path("errors/500/", partial(render, errors.server_error)),
    path("errors/csrf/", partial(render, errors.csrf_failure)),
    *pages,
]
