"""Error pages, and problem details for the API.

People get a page that says what to do next; programs under /api/ get problem details (RFC 9457).
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _

from messaging.operations.api.problems import Problem, unexpected
from shop.api import problems


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api(request):
        return Problem(400, detail=_("The request is damaged. Nothing was changed.")).response()
    return _page(request, 400, _("Bad request"), "shop/site/errors/400.html", bare=True)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api(request):
        return Problem(403, detail=_("You may not do this.")).response()
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
        return Problem(403, detail=_("The request could not be checked. Nothing was changed.")).response()
    return _page(request, 403, _("This form could not be checked"), "shop/site/errors/csrf.html")


def locked_out(request: HttpRequest, *details: Any) -> HttpResponse:
    """axes' `AXES_LOCKOUT_CALLABLE`: too many wrong passwords for one name from one address."""
    if _is_api(request):
        return problems.locked_out(request, *details)
    page = _page(request, 429, _("Too many wrong passwords"), "shop/site/errors/429.html")
    page["Retry-After"] = "900"
    return page


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _page(request: HttpRequest, status: int, title: str, template: str, bare: bool = False) -> HttpResponse:
    """`bare` pages use neither database nor session, since these may be what is broken."""
    body = loader.render_to_string(template, {"title": title}, None if bare else request)
    return HttpResponse(body, status=status)
