"""What is shown when something goes wrong?

People get a page that says what to do next; programs under /api/ get problem details (RFC 9457).
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, _("Bad request"), "shop/errors/400.html", bare=True)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, _("Forbidden"), "shop/errors/403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, _("Not found"), "shop/errors/404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, _("Server error"), "shop/errors/500.html", bare=True)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, _("This form could not be checked"), "shop/errors/csrf.html")


def _answer(request: HttpRequest, status: int, title: str, template: str, bare: bool = False) -> HttpResponse:
    """`bare` pages use neither database nor session, since these may be what is broken."""
    if request.path.startswith("/api/"):
        return _problem(status, title)
    context: dict[str, Any] = {"title": title}
    body = loader.render_to_string(template, context, None if bare else request)
    return HttpResponse(body, status=status)


def _problem(status: int, title: str) -> JsonResponse:
    problem = {"type": "about:blank", "title": title, "status": status, "detail": title, "errors": {}}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
