"""Error pages for people, and problem details (RFC 9457) for programs."""

import re
import sys
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _

from messaging.operations.api.problems import Problem, unexpected
from shop.api import problems
from shop.limits.counters import Limited
from shop.site import database_outage

#: Names of fields that are not sent back. A page has a CSRF token of its own.
_SECRET = re.compile("password|csrfmiddlewaretoken")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_program(request):
        return Problem(400, detail=_("The request is invalid. Nothing was changed.")).response()
    return _page(request, 400, _("Bad request"), "shop/site/errors/400.html", bare=True)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_program(request):
        return Problem(403, detail=_("You are not allowed to do this.")).response()
    return _page(request, 403, _("Forbidden"), "shop/site/errors/403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_program(request):
        return Problem(404, detail=_("There is nothing at this address.")).response()
    return _page(request, 404, _("Not found"), "shop/site/errors/404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the error is handled."""
    error = sys.exc_info()[1]
    if error is not None and database_outage.is_outage(error):
        database_outage.reports.add(error, request.path)
        return database_outage.quiet(unavailable(request))
    if _is_program(request):
        return unexpected().response()
    return _page(request, 500, _("Server error"), "shop/site/errors/500.html", bare=True)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database is away, takes no writes, or is busy."""
    if _is_program(request):
        return problems.unavailable().response()
    page = _page(request, 503, _("Not available"), "shop/site/errors/503.html", bare=True)
    page["Retry-After"] = str(database_outage.RETRY_AFTER)
    return page


def not_stored(request: HttpRequest) -> HttpResponse:
    """An uploaded picture found no room on the server."""
    return _page(request, 507, _("Server error"), "shop/site/errors/507.html", bare=True)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_program(request):
        return Problem(403, detail=_("CSRF verification failed. Nothing was changed.")).response()
    # The browser says that the shop's own page sent it: no other site could have it sent by the button.
    is_own = request.headers.get("Sec-Fetch-Site") == "same-origin" and not request.FILES
    context = {"typed": _typed(request) if is_own else {}}
    return _page(request, 403, _("We could not verify this form"), "shop/site/errors/csrf.html", context=context)


def locked_out(request: HttpRequest, *details: Any) -> HttpResponse:
    """`AXES_LOCKOUT_CALLABLE`: too many wrong passwords for one account from one client."""
    return too_many(request, Limited(wait=int(settings.AXES_COOLOFF_TIME * 3600)))


def too_many(request: HttpRequest, limited: Limited) -> HttpResponse:
    """The page has a form with what was typed, passwords apart, to send again."""
    if _is_program(request):
        return problems.too_many(limited).response()
    context = {"text": str(limited), "typed": _typed(request), "is_form": request.method == "POST"}
    page = _page(request, 429, _("Please wait a few minutes"), "shop/site/errors/429.html", context=context)
    page["Retry-After"] = str(limited.wait)
    return page


def _typed(request: HttpRequest) -> dict[str, list[str]]:
    return {name: values for name, values in request.POST.lists() if not _SECRET.search(name)}


def _is_program(request: HttpRequest) -> bool:
    """Whether a program asks: a client of the API, or the sender of a webhook."""
    return request.path.startswith(("/api/", "/webhooks/"))


def _page(
    request: HttpRequest,
    status: int,
    title: str,
    template: str,
    *,
    bare: bool = False,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """`bare` pages use neither database nor session, since either may be down."""
    body = loader.render_to_string(template, {"title": title, **(context or {})}, None if bare else request)
    return HttpResponse(body, status=status)
