"""Spans of HTTP requests, by OpenTelemetry's instrumentation of Django."""

import os
from typing import Final

from django.http import HttpRequest
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.trace import Span, TracerProvider

from messaging.telemetry.spans import header_of

#: Probes and static files say nothing about an order, and are many.
EXCLUDED: Final = "healthz,readyz,metrics,static/"


def instrument(provider: TracerProvider) -> None:
    """Add the middleware, before Django loads its own. Names are those of the stable conventions, whatever is set.

    Older names hold the URL with its query and the client's address once more.
    """
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"
    excluded = os.environ.get("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", EXCLUDED)
    DjangoInstrumentor().instrument(tracer_provider=provider, excluded_urls=excluded, request_hook=_continue)


def _continue(span: Span, request: HttpRequest) -> None:
    """`messaging.tracing.TraceMiddleware` takes the trace from the header: now that of the request's own span."""
    request.META["HTTP_TRACEPARENT"] = header_of(span.get_span_context())
    request.__dict__.pop("headers", None)  # made of META once
