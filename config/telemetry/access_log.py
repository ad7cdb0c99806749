"""Access log: a line for each request, with method, path, status, duration and trace."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.telemetry.paths import private

log = logging.getLogger("conveyor.access")


class AccessLogMiddleware:
    """Stands below `TraceMiddleware`, whose trace its line has. The query is left out, and so is who the client is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        milliseconds = round(1000 * (time.perf_counter() - began), 1)
        method, path = str(request.method)[:20], private(request.path)
        http = {"method": method, "path": path, "status": response.status_code, "duration_ms": milliseconds}
        log.info("%s %s %s", method, path, response.status_code, extra={"http": http | _order_of(response)})
        return response


def _order_of(response: HttpResponse) -> dict[str, str]:
    """The order that the API answered with: its number is in no URL."""
    data = getattr(response, "data", None)
    number = data.get("number") if isinstance(data, dict) else None
    return {"order": number} if isinstance(number, str) else {}
