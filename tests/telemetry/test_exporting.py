"""Export of spans: cleaned, bounded, and never waited for."""

import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from config.telemetry.paths import private
from messaging.operations.privacy.masking import MASK, mask_text
from messaging.telemetry import exporting
from tests.patience import PATIENCE


class Kept(SpanExporter):
    """Keeps spans, unless `result` or `error` says otherwise."""

    def __init__(self):
        self.spans, self.result, self.error = [], SpanExportResult.SUCCESS, None

    def export(self, spans):
        if self.error:
            raise self.error
        self.spans += spans
        return self.result


class Hanging(SpanExporter):
    """Does not return from an export until the test ends."""

    def __init__(self):
        self.began, self.end = threading.Event(), threading.Event()

    def export(self, spans):
        self.began.set()
        self.end.wait(PATIENCE)
        return SpanExportResult.SUCCESS

    def shutdown(self):
        """Cannot interrupt it."""


def cleaning(exporter):
    return exporting.CleaningExporter(exporter, clean=mask_text, clean_path=private)


def tracer_of(exporter):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("tests")


def test_personal_data_does_not_leave_the_process():
    kept = Kept()
    attributes = {
        "url.path": "/orders/q8ZtAcLkA1H3gDvo3kJ5Ww/",
        "url.query": "token=secret",
        "client.address": "192.0.2.7",
        "http.response.status_code": 500,
    }
    tracer = tracer_of(cleaning(kept))
    with (
        pytest.raises(ValueError, match="sam@example"),
        tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=attributes),
    ):
        raise ValueError("no mail for sam@example.com")
    (span,) = kept.spans
    assert span.attributes == {"url.path": "/orders/q8Zt…/", "http.response.status_code": 500}
    event = span.events[0]
    assert event.attributes["exception.message"] == f"no mail for {MASK}@{MASK}"
    assert "sam@example.com" not in span.to_json()
    assert span.status.description == f"ValueError: no mail for {MASK}@{MASK}"


@pytest.mark.parametrize("name", sorted(exporting.PRIVATE))
def test_no_name_of_the_client_or_of_a_full_url_leaves_the_process(name):
    kept = Kept()
    tracer_of(cleaning(kept)).start_span("GET", attributes={name: "secret", "http.method": "GET"}).end()
    assert kept.spans[0].attributes == {"http.method": "GET"}


def test_names_of_older_conventions_are_private():
    assert {"http.url", "http.target", "net.peer.ip", "net.peer.port", "http.client_ip"} <= exporting.PRIVATE


@pytest.mark.parametrize("name", ["user_agent.original", "user_agent.name", "http.user_agent"])
def test_a_user_agent_is_masked(name):
    kept = Kept()
    tracer_of(cleaning(kept)).start_span("GET", attributes={name: "bot of sam@example.com", "size": 1}).end()
    assert kept.spans[0].attributes == {name: f"bot of {MASK}@{MASK}", "size": 1}


@pytest.mark.parametrize("is_linked", [False, True], ids=["parent", "link"])
def test_the_state_of_a_caller_does_not_leave_the_process(is_linked):
    kept = Kept()
    caller = SpanContext(
        7, 8, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("shop", "sam@example.com")])
    )
    tracer = tracer_of(cleaning(kept))
    if is_linked:
        tracer.start_span("GET", links=[Link(caller, {"conveyor.reason": "retry"})]).end()
    else:
        tracer.start_span("GET", context=set_span_in_context(NonRecordingSpan(caller))).end()
    (span,) = kept.spans
    contexts = [span.context, *(link.context for link in span.links), *([span.parent] if span.parent else [])]
    assert len(contexts) == 2
    assert not any(context.trace_state for context in contexts)
    assert (contexts[1].trace_id, contexts[1].span_id, contexts[1].is_remote) == (7, 8, True)
    assert contexts[1].trace_flags.sampled
    assert [dict(link.attributes) for link in span.links] == ([{"conveyor.reason": "retry"}] if is_linked else [])
    assert "sam@example" not in span.to_json()


def test_a_span_without_anything_private_is_exported_as_it_is():
    kept = Kept()
    span = tracer_of(Kept()).start_span("send", attributes={"conveyor.task": "orders.send_email"})
    span.end()
    cleaning(kept).export([span])
    assert kept.spans == [span]


def test_an_outage_of_the_collector_is_logged_once_and_so_is_its_end(caplog):
    caplog.set_level(logging.INFO)
    kept = Kept()
    exporter = cleaning(kept)
    for error in (OSError("refused"), RuntimeError("anything"), None):
        kept.error, kept.result = error, SpanExportResult.FAILURE
        assert exporter.export([]) is SpanExportResult.FAILURE
    kept.result = SpanExportResult.SUCCESS
    for _ in range(2):
        assert exporter.export([]) is SpanExportResult.SUCCESS
    assert [record.getMessage() for record in caplog.records] == [
        "traces cannot be exported and are dropped until they can: OSError: refused",
        "traces are exported again",
    ]


def test_a_collector_that_hangs_holds_up_neither_spans_nor_the_end_of_the_process():
    hanging = Hanging()
    provider, processor = exporting.provider_of(hanging, resource={})
    tracer = provider.get_tracer("tests")
    for _ in range(10_000):  # far more than the queue holds
        tracer.start_span("span").end()
    assert hanging.began.wait(PATIENCE)
    assert len(processor._batch_processor._queue) <= 2048
    exporting.stop(provider, seconds=0.01)
    flushing = [thread for thread in threading.enumerate() if thread.name == "flush-traces"]
    assert len(flushing) == 1  # which nobody waits for
    assert flushing[0].daemon
    hanging.end.set()
    flushing[0].join(PATIENCE)


def test_spans_are_exported_at_the_end():
    kept = Kept()
    provider, _ = exporting.provider_of(kept, resource={"service.name": "conveyor-web"})
    provider.get_tracer("tests").start_span("last").end()
    exporting.stop(provider, seconds=PATIENCE)
    assert [span.name for span in kept.spans] == ["last"]
    assert kept.spans[0].resource.attributes["service.name"] == "conveyor-web"
    exporting.stop(provider)  # again, as in a process whose parent has its own


def test_a_python_that_starts_no_thread_at_its_end_ends_all_the_same(monkeypatch):
    def start(thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    provider, processor = exporting.provider_of(Kept(), resource={})
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        exporting.stop(provider)
    processor.shutdown()


def test_a_file_has_a_span_a_line_and_a_bound(tmp_path, monkeypatch):
    path = tmp_path / "traces.jsonl"
    tracer = tracer_of(exporting.exporter("file", path=path))
    tracer.start_span("first\nline").end()
    tracer.start_span("second").end()
    assert [json.loads(line)["name"] for line in path.read_text().splitlines()] == ["first\nline", "second"]
    monkeypatch.setattr(exporting, "FILE_BYTES", 10)
    tracer.start_span("third").end()
    assert [json.loads(line)["name"] for line in path.read_text().splitlines()] == ["third"]
    assert len((tmp_path / "traces.jsonl.1").read_text().splitlines()) == 2


def test_the_console_has_a_span_a_line(capsys, tmp_path):
    tracer_of(exporting.exporter("console", path=tmp_path)).start_span("shown").end()
    assert json.loads(capsys.readouterr().err)["name"] == "shown"


class Collector(ThreadingHTTPServer):
    """Keeps the spans of OTLP requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.names = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        groups = (group for resource in request.resource_spans for group in resource.scope_spans)
        self.server.names += [(self.path, span.name) for group in groups for span in group.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        """Print nothing."""


def test_spans_reach_a_collector_over_http(monkeypatch, tmp_path):
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        exporter = cleaning(exporting.exporter("otlp", path=tmp_path))
        tracer_of(exporter).start_span("sent").end()
        exporter.shutdown()
        collector.shutdown()
        thread.join()
    assert collector.names == [("/v1/traces", "sent")]


@pytest.mark.parametrize("is_listening", [True, False], ids=["hangs", "refuses"])
def test_a_collector_that_does_not_answer_is_given_up(monkeypatch, tmp_path, caplog, is_listening):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if is_listening:
            server.listen()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0.2")
        exporter = cleaning(exporting.exporter("otlp", path=tmp_path))
        for _ in range(2):
            tracer_of(exporter).start_span("lost").end()
    assert [record.getMessage() for record in caplog.records if record.name == exporting.__name__] == [
        "traces cannot be exported and are dropped until they can"
    ]
