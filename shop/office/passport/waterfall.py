"""Waterfall of an order's messages: when each waited, when it was processed, and what caused it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from messaging.models import Attempt, Message, State
from shop.office.passport.time_scale import Tick, TimeScale

#: What a stretch of a message's life is, in the order in which they come.
SCHEDULED, LEDGER, WAITING, QUEUE, FAILED, WORK = "scheduled", "ledger", "waiting", "queue", "failed", "work"
_WAITS = (SCHEDULED, LEDGER, WAITING, QUEUE)
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    kind: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return max(0.0, (self.end - self.start).total_seconds())


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch as a rectangle; never so narrow that it cannot be seen."""

    kind: str
    seconds: float
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """A message. `depth` is how many causes stand above it; `waited`, `worked` and `failed` are seconds."""

    message: Message
    depth: int
    bars: tuple[Bar, ...]
    waited: float
    worked: float
    failed: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    rows: list[Row]
    ticks: list[Tick]
    seconds: float


def waterfall(messages: Sequence[Message], attempts: Iterable[Attempt], *, now: datetime) -> Waterfall:
    """Each message below its cause, on one axis."""
    failures: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        failures[attempt.message_id].append(attempt)
    lives = {message.pk: list(_life(message, failures[message.pk], now)) for message in messages}
    moments = [moment for life in lives.values() for stretch in life for moment in (stretch.start, stretch.end)]
    scale = TimeScale(moments)
    rows = [_row(message, depth, lives[message.pk], scale) for message, depth in _by_cause(messages)]
    seconds = (max(moments) - min(moments)).total_seconds() if moments else 0.0
    return Waterfall(rows=rows, ticks=scale.ticks(), seconds=seconds)


def _life(message: Message, attempts: Sequence[Attempt], now: datetime) -> Iterator[Stretch]:
    """The ledger keeps due, sent and started times of the last run only; before that there is waiting, and failures."""
    at = message.created_at
    for attempt in attempts:
        began = max(at, attempt.started_at or attempt.ended_at)
        yield from _stretch(WAITING, at, began)
        yield Stretch(FAILED, began, max(began, attempt.ended_at))
        at = max(at, attempt.ended_at)
    if message.state in (State.DEAD, State.DISCARDED):
        return
    due = max(at, message.available_at)
    yield from _stretch(SCHEDULED, at, due)
    if message.state == State.PENDING:
        yield from _stretch(LEDGER, due, now)
        return
    sent = max(due, message.sent_at or due)
    yield from _stretch(LEDGER, due, sent)
    ended = message.finished_at or now
    started = max(sent, message.started_at or ended)
    yield from _stretch(QUEUE, sent, started)
    yield from _stretch(WORK, started, ended)


def _stretch(kind: str, start: datetime, end: datetime) -> Iterator[Stretch]:
    if end > start:
        yield Stretch(kind, start, end)


def _row(message: Message, depth: int, life: Sequence[Stretch], scale: TimeScale) -> Row:
    bars = []
    for stretch in life:
        x = scale.x(stretch.start)
        bars.append(Bar(stretch.kind, stretch.seconds, x, max(3, scale.x(stretch.end) - x)))
    return Row(
        message=message,
        depth=min(depth, DEEPEST),
        bars=tuple(bars),
        waited=sum(stretch.seconds for stretch in life if stretch.kind in _WAITS),
        worked=sum(stretch.seconds for stretch in life if stretch.kind == WORK),
        failed=sum(stretch.seconds for stretch in life if stretch.kind == FAILED),
    )


def _by_cause(messages: Sequence[Message]) -> Iterator[tuple[Message, int]]:
    """Each message after the one that caused it. A cause that is not among them, such as a request, makes a root."""
    known = {message.pk for message in messages}
    effects: dict[uuid.UUID | None, list[Message]] = defaultdict(list)
    for message in messages:
        effects[message.causation_id if message.causation_id in known else None].append(message)
    open_ = [(message, 0) for message in reversed(effects[None])]
    while open_:
        message, depth = open_.pop()
        yield message, depth
        open_ += [(effect, depth + 1) for effect in reversed(effects[message.pk])]
