"""Error pages for people, and problem details (RFC 9457) for API clients."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _

from messaging.operations.api.problems import Problem, unexpected
from shop.api import problems


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api(request):
        return Problem(400, detail=_("The request is invalid. Nothing was changed.")).response()
    return _page(request, 400, _("Bad request"), "shop/site/errors/400.html", bare=True)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api(request):
        return Problem(403, detail=_("You are not allowed to do this.")).response()
    return _page(request, 403, _("Forbidden"), "shop/site/errors/403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api(request):
        return Problem(404, detail=_("There is nothing at this address.")).response()
    return _page(request, 404, _("Not found"), "shop/site/errors/404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        return unexpected().response()
    return _page(request, 500, _("Server error"), "shop/site/errors/500.html", bare=True)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_api(request):
        return Problem(403, detail=_("CSRF verification failed. Nothing was changed.")).response()
    return _page(request, 403, _("We could not verify this form"), "shop/site/errors/csrf.html")


def locked_out(request: HttpRequest, *details: Any) -> HttpResponse:
    """`AXES_LOCKOUT_CALLABLE`: too many wrong passwords for one name from one IP address."""
    if _is_api(request):
        return problems.locked_out(request, *details)
    page = _page(request, 429, _("Too many wrong passwords"), "shop/site/errors/429.html")
    page["Retry-After"] = "900"
    return page


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _page(request: HttpRequest, status: int, title: str, template: str, bare: bool = False) -> HttpResponse:
    """`bare` pages use neither database nor session, since either may be down."""
    body = loader.render_to_string(template, {"title": title}, None if bare else request)
    return HttpResponse(body, status=status)
