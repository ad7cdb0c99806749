"""Export of spans: in batches, by a thread of its own, with bounds. The shop waits for no collector.

A full queue drops spans; a collector that refuses or hangs costs the thread's time, and at the end of a process at most
`FLUSH_SECONDS`. What leaves the process is cleaned of personal data first.
"""

import fcntl
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status

from messaging.telemetry.spans import DerivedIds

log = logging.getLogger(__name__)
FLUSH_SECONDS: Final = 2.0
#: A file of spans is replaced by a new one at this size, and the one before it is kept.
FILE_BYTES: Final = 64 * 2**20
#: Who the client is, and what follows the path, which may hold a search or a secret. Older conventions' names, too.
PRIVATE: Final = frozenset(
    {"client.address", "client.port", "network.peer.address", "network.peer.port", "url.query", "url.full"}
    | {"http.client_ip", "net.peer.ip", "net.peer.port", "net.peer.name", "http.target", "http.url"}
)
#: These are written by the client: any text.
_USER_AGENT: Final = ("user_agent.", "http.user_agent")
#: These are written by whoever raises an error or calls a URL.
LIMITS: Final = SpanLimits(max_attributes=64, max_events=8, max_links=8, max_attribute_length=8_000)


class CleaningExporter(SpanExporter):
    """Cleans spans and hands them to `exporter`. Never raises, and logs once when it begins to fail or works again.

    `clean` masks personal data in a text; `clean_path` shortens what is secret in a URL's path.
    """

    def __init__(
        self, exporter: SpanExporter, *, clean: Callable[[str], str], clean_path: Callable[[str], str]
    ) -> None:
        self._exporter, self._clean, self._clean_path = exporter, clean, clean_path
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result, error = self._exporter.export([self._cleaned(span) for span in spans]), ""
        except Exception as raised:
            result, error = SpanExportResult.FAILURE, f": {type(raised).__name__}: {raised}"
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._is_failing:
            log.warning("traces cannot be exported and are dropped until they can%s", error)
        elif self._is_failing and not failed:
            log.info("traces are exported again")
        self._is_failing = failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def _cleaned(self, span: ReadableSpan) -> ReadableSpan:
        kept = {
            name: self._value(name, value) for name, value in (span.attributes or {}).items() if name not in PRIVATE
        }
        if not self._has_private(span, kept):
            return span
        return ReadableSpan(
            name=span.name,
            context=_without_state(span.context),
            parent=span.parent and _without_state(span.parent),
            resource=span.resource,
            attributes=kept,
            events=[Event(event.name, self._texts(event.attributes or {}), event.timestamp) for event in span.events],
            links=[Link(_without_state(link.context), link.attributes) for link in span.links],
            kind=span.kind,
            status=Status(span.status.status_code, self._clean(span.status.description or "") or None),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _has_private(self, span: ReadableSpan, kept: Mapping[str, Any]) -> bool:
        """Whether the span differs from what may leave the process; `kept` are its attributes that may."""
        contexts = [span.context, *(link.context for link in span.links), *([span.parent] if span.parent else [])]
        return bool(
            span.events
            or span.status.description
            or kept != (span.attributes or {})
            or any(context.trace_state for context in contexts)
        )

    def _value(self, name: str, value: Any) -> Any:
        if name == "url.path":
            return self._clean_path(str(value))
        return self._clean(str(value)) if name.startswith(_USER_AGENT) else value

    def _texts(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._clean(value) if isinstance(value, str) else value for name, value in attributes.items()}


def _without_state(context: SpanContext) -> SpanContext:
    """The context without what the caller's header `tracestate` says, which is any text."""
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


class FileExporter(SpanExporter):
    """Appends spans to a file, one JSON object a line, which its user alone reads. Processes may share the file.

    Waits for no other process. Raises `OSError` for what cannot be written; `CleaningExporter` reports it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._size() > FILE_BYTES:
            try:
                self._rotate()
            except OSError:
                if self._size() > 2 * FILE_BYTES:  # until then, what another process holds up costs no span
                    raise
        lines = "".join(f"{span.to_json(indent=None)}\n" for span in spans).encode()
        with _private(self._path) as file:
            is_whole = file.write(lines) == len(lines)
        return SpanExportResult.SUCCESS if is_whole else SpanExportResult.FAILURE

    def _rotate(self) -> None:
        """Replace the file, unless another process has. Raises `OSError` if one is about to."""
        with _private(self._path.with_name(f"{self._path.name}.lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                if self._size() > FILE_BYTES:
                    self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)  # closing is not enough if a child was forked meanwhile

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0


def _private(path: Path) -> FileIO:
    """The file, open for appending. One that is created is for its user alone."""
    return FileIO(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def exporter(kind: str, *, path: Path, session: Any = None) -> SpanExporter:
    """The exporter that `OTEL_TRACES_EXPORTER` names. `otlp` reads its address from its variables; `session` asks."""
    if kind == "file":
        return FileExporter(path)
    if kind == "console":
        return ConsoleSpanExporter(out=sys.stderr, formatter=lambda span: f"{span.to_json(indent=None)}\n")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(session=session)


def provider_of(exporter: SpanExporter, *, resource: Mapping[str, str]) -> tuple[TracerProvider, SpanProcessor]:
    """A provider whose spans go to `exporter` in batches. `OTEL_BSP_…` and `OTEL_TRACES_SAMPLER` configure both."""
    for name in ("opentelemetry.sdk", "opentelemetry.exporter"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # a line a batch; CleaningExporter has one an outage
    provider = TracerProvider(
        resource=Resource.create(resource), id_generator=DerivedIds(), span_limits=LIMITS, shutdown_on_exit=False
    )
    processor = BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    return provider, processor


def stop(provider: TracerProvider, *, seconds: float = FLUSH_SECONDS) -> None:
    """Export what is left, and wait for it no longer than `seconds`. Later spans are dropped."""
    flushing = threading.Thread(target=provider.shutdown, name="flush-traces", daemon=True)
    try:
        flushing.start()
    except RuntimeError:  # Python 3.12.0 to 3.12.2 start no thread as they end: what is left is lost
        return
    flushing.join(seconds)
