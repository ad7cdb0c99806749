"""Middleware for forms that are sent after their session has ended."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _


class SignedOutMiddleware:
    """Says that nothing was changed, and makes the login page lead back to the page with the form.

    Django's redirect leads to the form's own address: that of a button has no page, and answers with an empty 405.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == 302:
            login = _login_page(request, response)
            if login and (page := _page_of_form(request)):
                messages.warning(request, _("You have been signed out. Nothing was changed. Sign in and try again."))
                response["Location"] = f"{login}?{urlencode({'next': page})}"
        return response


def _login_page(request: HttpRequest, response: HttpResponseBase) -> str:
    """Where to sign in for the request, if that is the response."""
    asked = urlsplit(response["Location"])
    leads_back = parse_qs(asked.query).get("next") == [request.get_full_path()]
    return asked.path if leads_back and asked.path in (reverse("admin:login"), reverse("shop:login")) else ""


def _page_of_form(request: HttpRequest) -> str:
    sender = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(sender, {request.get_host()}, require_https=request.is_secure()):
        return ""
    page = urlsplit(sender)
    return f"{page.path}?{page.query}" if page.query else page.path
