"""Fixtures: traces that are exported into memory."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler

from messaging.hooks import observers
from messaging.signals import messages_revived
from messaging.telemetry.spans import DerivedIds, FinishedSpans
from messaging.telemetry.traces import Traces


class Memory:
    """An observer whose spans end up in memory."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=ParentBased(sampler), id_generator=DerivedIds(), shutdown_on_exit=False)
        processor = SimpleSpanProcessor(self.exporter)
        self.provider.add_span_processor(processor)
        self.tracer = self.provider.get_tracer("tests")
        self.traces = Traces(tracer=self.tracer, finished=FinishedSpans(self.provider, processor), system="redis")

    def spans(self, name: str = "") -> list[Any]:
        return [span for span in self.exporter.get_finished_spans() if name in ("", span.name)]

    def one(self, name: str) -> Any:
        (span,) = self.spans(name)
        return span


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    """Traces of this test alone, all sampled unless a parent is not."""
    monkeypatch.setattr(observers, "_OBSERVERS", [])
    made = Memory()
    observers.register(made.traces)
    messages_revived.connect(made.traces.revived)
    yield made
    messages_revived.disconnect(made.traces.revived)
