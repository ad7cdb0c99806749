"""Spans of HTTP requests: the chain of a request's messages is in the trace of its span."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from opentelemetry.instrumentation._semconv import _OpenTelemetrySemanticConventionStability
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

from config.telemetry import http_spans
from messaging import tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def handle(memory, settings):
    """Handles a request within the instrumentation and the trace middleware. Returns what the view has seen."""
    settings.MIDDLEWARE = list(settings.MIDDLEWARE)
    http_spans.instrument(memory.provider)
    assert settings.MIDDLEWARE[0].endswith("_DjangoMiddleware")
    seen = []

    def view(request):
        seen.append(tracing.current())
        return HttpResponse()

    middleware = _DjangoMiddleware(tracing.TraceMiddleware(view))

    def send(path, **headers):
        request = RequestFactory(SERVER_NAME="localhost").post(path, headers=headers)
        assert request.headers is request.headers  # something has read them before
        middleware(request)
        return seen[-1]

    yield send
    DjangoInstrumentor().uninstrument()


@pytest.mark.parametrize("headers", [{}, {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}], ids=["new", "continued"])
def test_the_chain_of_a_request_is_the_trace_of_its_span(memory, handle, headers):
    chain = handle("/api/v1/orders/", **headers)
    span = memory.one("POST api/v1/orders/")
    assert chain.correlation_id.int == span.context.trace_id
    assert (chain.correlation_id.hex == TRACE) == bool(headers)
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/shop.css"])
def test_probes_and_static_files_have_no_span(memory, handle, path):
    handle(path)
    assert memory.spans() == []


@pytest.mark.parametrize("value", ["http/dup", "default", "database", ""])
def test_older_names_with_full_urls_cannot_be_brought_back(memory, monkeypatch, request, value):
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", value)
    monkeypatch.setattr(_OpenTelemetrySemanticConventionStability, "_initialized", False)
    monkeypatch.setattr(_OpenTelemetrySemanticConventionStability, "_OTEL_SEMCONV_STABILITY_SIGNAL_MAPPING", {})
    request.getfixturevalue("handle")("/api/v1/orders/?token=secret")
    names = memory.one("POST api/v1/orders/").attributes.keys()
    assert "http.request.method" in names
    assert names.isdisjoint({"http.url", "http.target", "http.method", "net.peer.ip", "http.client_ip"})
