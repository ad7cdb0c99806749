"""Observers see each message, and what they raise keeps none from its way."""

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from messaging import tracing
from messaging.hooks import observers
from messaging.hooks.observers import Observer
from messaging.relay.publish import Outcome


class Broken(Observer):
    def traceparent(self, trace_id):
        raise RuntimeError("no context")

    def published(self, batch, outcome, *, seconds):
        raise RuntimeError("not counted")

    def started(self, task):
        raise RuntimeError("not begun")


class BrokenAtTheEnd(Observer):
    def started(self, task):
        def end(error):
            raise RuntimeError("not ended")

        return end


class Seen(Observer):
    def __init__(self):
        self.batches, self.endings = [], []

    def traceparent(self, trace_id):
        return "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

    def published(self, batch, outcome, *, seconds):
        self.batches.append((list(batch), outcome, seconds))

    def started(self, task):
        return lambda error: self.endings.append((task, error))


@pytest.fixture
def seen(monkeypatch):
    monkeypatch.setattr(observers, "_OBSERVERS", [])
    found = Seen()
    for each in (Broken(), BrokenAtTheEnd(), found):
        observers.register(each)
    return found


def test_a_batch_is_seen(seen):
    outcome = Outcome()
    observers.published([], outcome, seconds=0.25)
    assert seen.batches == [([], outcome, 0.25)]


def test_a_run_is_seen_with_what_it_raised(seen):
    with observers.running("done"):
        pass
    error = KeyError("key")
    with pytest.raises(KeyError), observers.running("failed"):
        raise error
    assert seen.endings == [("done", None), ("failed", error)]


def test_a_time_limit_that_passes_in_an_observer_is_the_tasks(seen):
    class Late(Observer):
        def started(self, task):
            raise limit

    limit = SoftTimeLimitExceeded()
    observers.register(Late())
    with pytest.raises(SoftTimeLimitExceeded), observers.running("slow"):
        pass
    assert seen.endings == [("slow", limit)]


def test_an_observer_may_leave(seen):
    observers._OBSERVERS.remove(seen)
    with observers.running("done"):
        pass
    assert seen.endings == []


def test_messages_carry_the_trace_context_that_an_observer_has(seen):
    chain = tracing.chain_of_header("")
    assert chain.traceparent() == seen.traceparent(chain.correlation_id)
    observers._OBSERVERS.remove(seen)
    assert chain.traceparent().startswith(f"00-{chain.correlation_id.hex}-")
