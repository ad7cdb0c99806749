"""Spans of messages: ids that every process can derive, and finished spans that cost no more than their data.

No column holds the spans of earlier deliveries. The id of a span is a digest of what it is about, so that a worker can
name the relay's span as its parent, and link the delivery before its own, without asking anyone:

    send     message id, number of the publication
    process  message id, number of the publication; of the first delivery of a publication only, as a broker does not
             count the deliveries that it repeats
"""

import hashlib
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

SCOPE: Final = "messaging.telemetry"
_SCOPE: Final = InstrumentationScope(SCOPE)
_HEADER: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_RANDOM: Final = RandomIdGenerator()
_next_ids: ContextVar[tuple[int, int] | None] = ContextVar("conveyor_next_span", default=None)


def derived_id(kind: str, message_id: uuid.UUID, sends: int) -> int:
    """The id of the span `kind` ("send" or "process") of a publication. Never 0, which is not an id."""
    key = b"%s %d %s" % (kind.encode(), sends, message_id.bytes)
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) or 1


def random_id() -> int:
    return _RANDOM.generate_span_id()


def context_of(traceparent: str) -> SpanContext | None:
    """The remote span that a `traceparent` names; None if it is malformed or names none."""
    match = _HEADER.fullmatch(traceparent)
    if match is None:
        return None
    trace, span, flags = (int(part, 16) for part in match.groups())
    context = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags & TraceFlags.SAMPLED))
    return context if context.is_valid else None


def header_of(context: SpanContext) -> str:
    """The `traceparent` that names this span."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def sibling(context: SpanContext, span_id: int) -> SpanContext:
    """Another span of the same trace, with the same sampling decision."""
    return SpanContext(context.trace_id, span_id, is_remote=True, trace_flags=context.trace_flags)


class DerivedIds(IdGenerator):
    """Random ids, except within `ids`."""

    def generate_span_id(self) -> int:
        ids = _next_ids.get()
        return ids[1] if ids else _RANDOM.generate_span_id()

    def generate_trace_id(self) -> int:
        ids = _next_ids.get()
        return ids[0] if ids else _RANDOM.generate_trace_id()


@contextmanager
def ids(trace_id: int, span_id: int) -> Iterator[None]:
    """The span that is started inside gets this id, and this trace if it has no parent."""
    token = _next_ids.set((trace_id, span_id))
    try:
        yield
    finally:
        _next_ids.reset(token)


class FinishedSpans:
    """Records spans that are over as they are made: a relay makes up to 1,000 at once.

    A tracer's span can be changed until it ends, under a lock, in attributes with bounds of their own. That takes four
    times as long as the object that exporters read.
    """

    def __init__(self, provider: TracerProvider, processor: SpanProcessor) -> None:
        self._provider, self._processor = provider, processor

    def add(
        self,
        name: str,
        context: SpanContext,
        *,
        kind: SpanKind,
        attributes: Mapping[str, Any],
        parent: SpanContext | None = None,
        links: Sequence[Link] = (),
        error: str = "",
        seconds: float = 0.0,
    ) -> None:
        """A span that ends now, after `seconds`. `error` is empty for success."""
        now = time.time_ns()
        self._processor.on_end(
            ReadableSpan(
                name=name,
                context=context,
                parent=parent,
                resource=self._provider.resource,
                attributes=attributes,
                links=links,
                kind=kind,
                status=Status(StatusCode.ERROR, error) if error else Status(),
                start_time=now - int(seconds * 1e9),
                end_time=now,
                instrumentation_scope=_SCOPE,
            )
        )

    def samples(self, trace_id: int, name: str, *, kind: SpanKind, attributes: Mapping[str, Any]) -> bool:
        """The sampler's decision about a trace that begins here. A digest replaces the id, since not all its bits are
        random in a UUID."""
        digest = hashlib.blake2b(trace_id.to_bytes(16), digest_size=16).digest()
        result = self._provider.sampler.should_sample(None, int.from_bytes(digest), name, kind, attributes)
        return result.decision.is_sampled()
