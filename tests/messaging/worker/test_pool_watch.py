"""Pool watch: a pool that takes no task ends its worker; one that works, or has nothing to do, does not."""

from types import SimpleNamespace

import pytest
from celery.worker import state

from messaging.worker import pool_watch
from messaging.worker.pool_watch import WatchPool

PATIENCE = 80.0


class Request:
    """A message that the worker holds."""

    def __init__(self, *, started: bool = False) -> None:
        self.time_start = 1.0 if started else None


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pool_watch, "time", clock)
    return clock


@pytest.fixture
def ended(monkeypatch):
    calls: list[int] = []
    monkeypatch.setattr(pool_watch, "end_worker", lambda: calls.append(1))
    yield calls
    state.reset_state()


def look(watch: WatchPool, clock: Clock, *, at: float) -> None:
    clock.now = at
    watch.check(PATIENCE)


def test_a_message_that_waits_while_no_task_starts_or_ends_ends_the_worker(clock, ended):
    watch, held = WatchPool(None), Request()
    state.reserved_requests.add(held)
    look(watch, clock, at=0)
    look(watch, clock, at=PATIENCE)
    assert ended == []
    look(watch, clock, at=PATIENCE + 1)
    assert ended == [1]


@pytest.mark.parametrize("progress", ["a start", "an end", "nothing waits"])
def test_a_pool_that_works_or_has_nothing_to_do_goes_on(clock, ended, progress):
    watch, held, running = WatchPool(None), Request(), Request(started=True)
    state.reserved_requests.update({held, running})
    state.active_requests.add(running)
    look(watch, clock, at=0)
    if progress == "a start":
        state.all_total_count[0] += 1
    elif progress == "an end":
        state.active_requests.discard(running)
    else:
        state.reserved_requests.discard(held)
    look(watch, clock, at=PATIENCE + 1)
    assert ended == []


def test_the_limits_in_force_are_those_of_the_command_line_and_of_remote_control():
    charge = SimpleNamespace(time_limit=None)
    consumer = SimpleNamespace(
        controller=SimpleNamespace(time_limit=600.0), app=SimpleNamespace(tasks={"a": charge, "b": charge})
    )
    assert pool_watch.patience_of(consumer) == 1230.0
    charge.time_limit = 3600.0
    assert pool_watch.patience_of(consumer) == 7230.0
    charge.time_limit = consumer.controller.time_limit = None
    assert pool_watch.patience_of(consumer) is None
