"""Counters and histograms of requests and of checkouts. Labels are names of routes, never paths."""

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase

from messaging.telemetry.store import counter, harmless, histogram
from orders.models import Source

#: Seconds within which a checkout is to be answered; a border of its buckets.
CHECKOUT_SECONDS: Final = 0.3
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, CHECKOUT_SECONDS, 0.5, 1, 2.5, 5, 10)
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
#: Requests that no route answers: static files, and paths that do not exist.
UNROUTED: Final = "none"
#: The routes by which orders are placed.
CHECKOUTS: Final = {"shop:checkout": Source.WEB.value, "api:orders": Source.API.value}
PLACED, REFUSED, FAILED = "placed", "refused", "failed"

REQUESTS = counter("conveyor_http_requests", "Answered requests, probes aside.", ["view", "method", "status"])
DURATION = histogram(
    "conveyor_http_request_seconds", "From a request to its answer, or to the start of a stream.", ["view"],
    buckets=_BUCKETS,
)  # fmt: skip
CHECKOUT = histogram(
    "conveyor_checkout_seconds",
    "Requests that place an order: placed, refused for what the shopper sent or stock, or failed by an error of ours.",
    ["source", "outcome"],
    buckets=_BUCKETS,
)


class RequestMetricsMiddleware:
    """Counts each request once it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        observe(request, response, seconds=time.perf_counter() - began)
        return response


@harmless
def observe(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    view = request.resolver_match.view_name if request.resolver_match else UNROUTED
    method = request.method if request.method in _METHODS else "other"
    REQUESTS.labels(view, method, f"{response.status_code // 100}xx").inc()
    DURATION.labels(view).observe(seconds)
    if (source := CHECKOUTS.get(view)) and method == "POST":
        CHECKOUT.labels(source, outcome_of(response)).observe(seconds)


def outcome_of(response: HttpResponseBase) -> str:
    """The API answers with the order, which a repeated request gets again; the storefront leads to its page."""
    if response.status_code >= 500:
        return FAILED
    is_page = response.status_code == 302 and response.headers.get("Location", "").startswith("/orders/")
    is_answer = response.status_code in (200, 201) and response.headers.get("Content-Type") == "application/json"
    return PLACED if is_page or is_answer else REFUSED


@harmless
def prepare() -> None:
    """Start the checkouts at zero: the first one is an increase then, too."""
    for source in CHECKOUTS.values():
        for outcome in (PLACED, REFUSED, FAILED):
            CHECKOUT.labels(source, outcome)
