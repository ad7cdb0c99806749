"""`python -m bench.pipeline.span_cost`: CPU of each kind of span, in one process: others on the machine change little.

Prints microseconds of CPU, the best of several rounds: to make a span in the request, relay or worker, and to encode it
for OTLP in the exporting thread. Database and broker are not used.
"""

import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import django

ROUNDS, COUNT = 7, 500
QUEUE_KEY = "payment.charge.normal"


def cpu(work: Callable[[], Any]) -> float:
    """Microseconds of CPU of one call, the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(COUNT):
            work()
        best = min(best, time.process_time() - began)
    return 1e6 * best / COUNT


def message() -> Any:
    """A claimed message within a sampled trace."""
    from messaging.relay.claim import Claimed

    id_, now = uuid.uuid4(), datetime.now(UTC)
    context = f"00-{id_.hex}-b7ad6b7169203331-01"
    first = (id_, "payments.charge_payment", "payments", QUEUE_KEY, 5, "{}", 1, 0, 1)
    return Claimed(*first, "CV-2XTV3-MCB39", id_, None, context, now, False, now)


def delivery(claimed: Any) -> Any:
    """A task with the request of a delivery."""

    class Request(dict[str, Any]):
        id, retries, delivery_info = str(claimed.pk), 0, {"routing_key": QUEUE_KEY}

    known = {"conveyor": {"correlation_id": str(claimed.pk)}, "traceparent": claimed.traceparent}
    request = Request(known, kwargsrepr=claimed.subject)
    return SimpleNamespace(name=claimed.task, sends=1, is_redelivered=False, request=request)


def measure() -> dict[str, float]:
    from django.http import HttpResponse
    from django.test import RequestFactory
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    from config.telemetry import http_spans
    from messaging.relay.publish import Outcome
    from messaging.telemetry import spans
    from messaging.telemetry.traces import Traces

    class Kept(SpanExporter):
        spans: list[Any] = []

        def export(self, spans: Any) -> SpanExportResult:
            self.spans[:] = [*self.spans[-511:], *spans]
            return SpanExportResult.SUCCESS

    kept = Kept()
    provider = TracerProvider(id_generator=spans.DerivedIds(), shutdown_on_exit=False)
    provider.add_span_processor(processor := SimpleSpanProcessor(kept))
    finished = spans.FinishedSpans(provider, processor)
    traces = Traces(tracer=provider.get_tracer("bench"), finished=finished, system="rabbitmq")
    http_spans.instrument(provider)
    middleware, requests = _DjangoMiddleware(lambda request: HttpResponse()), RequestFactory(SERVER_NAME="localhost")
    claimed = message()
    outcome, task = Outcome(confirmed={claimed.pk}), delivery(claimed)
    keeping = cpu(lambda: kept.export([None]))
    plain = cpu(lambda: (requests.post("/api/v1/orders/"), HttpResponse()))
    found = {
        "request": cpu(lambda: middleware(requests.post("/api/v1/orders/"))) - plain - keeping,
        "send": cpu(lambda: traces.published([claimed], outcome, seconds=0.01)) - keeping,
        "process": cpu(lambda: traces.started(task)(None)) - keeping,
    }
    return found | {"encoded": cpu(lambda: encode_spans(kept.spans[:10]).SerializeToString()) / 10}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for name, microseconds in measure().items():
        print(f"{name:10}{microseconds:8.1f} µs")


if __name__ == "__main__":
    main()
