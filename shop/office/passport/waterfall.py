"""Waterfall chart of an order's messages: waiting time, processing time and causation."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from messaging.models import Attempt, Message, State
from shop.office.passport.time_scale import Tick, TimeScale

#: Phases of a message, in the order in which they occur.
SCHEDULED, OUTBOX, WAITING, QUEUE, FAILED, WORK = "scheduled", "outbox", "waiting", "queue", "failed", "work"
_WAITS = (SCHEDULED, OUTBOX, WAITING, QUEUE)
MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Phase:
    kind: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return max(0.0, (self.end - self.start).total_seconds())


@dataclass(frozen=True, slots=True)
class Bar:
    """A phase drawn as a rectangle, with a minimum width so that it stays visible."""

    kind: str
    seconds: float
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """A message. `depth` is its number of ancestors; `waited`, `worked` and `failed` are seconds.

    `due_at` is set until then: `waited` has not passed yet.
    """

    message: Message
    depth: int
    bars: tuple[Bar, ...]
    waited: float
    worked: float
    failed: float
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waterfall:
    rows: list[Row]
    ticks: list[Tick]
    seconds: float


def waterfall(messages: Sequence[Message], attempts: Iterable[Attempt], *, now: datetime) -> Waterfall:
    """Each message below the one that caused it, on a common time axis."""
    failures: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        failures[attempt.message_id].append(attempt)
    phases_by_message = {message.pk: list(_phases(message, failures[message.pk], now)) for message in messages}
    times = [time for phases in phases_by_message.values() for phase in phases for time in (phase.start, phase.end)]
    scale = TimeScale(times)
    rows = [_row(message, depth, phases_by_message[message.pk], scale, now) for message, depth in _by_cause(messages)]
    seconds = (max(times) - min(times)).total_seconds() if times else 0.0
    return Waterfall(rows=rows, ticks=scale.ticks(), seconds=seconds)


def _phases(message: Message, attempts: Sequence[Attempt], now: datetime) -> Iterator[Phase]:
    """The outbox row holds due, sent and start times of the last run only; earlier runs show as waits and failures."""
    at = message.created_at
    for attempt in attempts:
        began = max(at, attempt.started_at or attempt.ended_at)
        yield from _phase(WAITING, at, began)
        yield Phase(FAILED, began, max(began, attempt.ended_at))
        at = max(at, attempt.ended_at)
    if message.state in (State.DEAD, State.DISCARDED):
        return
    due = max(at, message.available_at)
    yield from _phase(SCHEDULED, at, due)
    if message.state == State.PENDING:
        yield from _phase(OUTBOX, due, now)
        return
    sent = max(due, message.sent_at or due)
    yield from _phase(OUTBOX, due, sent)
    ended = message.finished_at or now
    started = max(sent, message.started_at or ended)
    yield from _phase(QUEUE, sent, started)
    yield from _phase(WORK, started, ended)


def _phase(kind: str, start: datetime, end: datetime) -> Iterator[Phase]:
    if end > start:
        yield Phase(kind, start, end)


def _row(message: Message, depth: int, phases: Sequence[Phase], scale: TimeScale, now: datetime) -> Row:
    is_scheduled = message.state == State.PENDING and message.available_at > now
    bars = []
    for phase in phases:
        x = scale.x(phase.start)
        bars.append(Bar(phase.kind, phase.seconds, x, max(3, scale.x(phase.end) - x)))
    return Row(
        message=message,
        depth=min(depth, MAX_DEPTH),
        bars=tuple(bars),
        waited=sum(phase.seconds for phase in phases if phase.kind in _WAITS),
        worked=sum(phase.seconds for phase in phases if phase.kind == WORK),
        failed=sum(phase.seconds for phase in phases if phase.kind == FAILED),
        due_at=message.available_at if is_scheduled else None,
    )


def _by_cause(messages: Sequence[Message]) -> Iterator[tuple[Message, int]]:
    """Depth first: each message after its cause. Messages caused by anything else, such as a request, are roots."""
    known = {message.pk for message in messages}
    effects: dict[uuid.UUID | None, list[Message]] = defaultdict(list)
    for message in messages:
        effects[message.causation_id if message.causation_id in known else None].append(message)
    open_ = [(message, 0) for message in reversed(effects[None])]
    while open_:
        message, depth = open_.pop()
        yield message, depth
        open_ += [(effect, depth + 1) for effect in reversed(effects[message.pk])]
