"""Probes and metrics: answered before anything that asks for a host name, TLS, a session or a page.

A kubelet or a Prometheus server asks by the pod's address and without TLS. Nothing here reads the Host header or
renders a template, so it does not matter what that header says.
"""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from shop.health import views

log = logging.getLogger("django.request")
_VIEWS: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
    "/healthz": views.healthz,
    "/readyz": views.readyz,
    "/metrics": views.metrics,
}


class ProbesMiddleware:
    """The first in `MIDDLEWARE`: answers exactly `/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = _VIEWS.get(request.path_info)
        if view is None:
            return self.get_response(request)
        try:
            response = view(request)
        except Exception:  # Django's page about an error may ask for the host name
            log.exception("%s failed", request.path_info)
            response = HttpResponse("Internal server error.\n", status=500, content_type="text/plain")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
