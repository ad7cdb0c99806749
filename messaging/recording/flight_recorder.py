"""Flight recorder: log lines and outside calls of one message's run, in memory; stored with the attempt if it fails.

A run that succeeds therefore costs the database nothing. `Handler` is a logging handler, to be configured beside the
others with a formatter that masks personal data.
"""

import json
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from messaging.recording.storable import text

#: Of a run, its last lines and characters.
LINES: Final = 200
CHARACTERS: Final = 20_000
LINE_CHARACTERS: Final = 2_000
#: Of a run, its first outside calls, and characters of them as JSON.
EXCHANGES: Final = 100
EXCHANGE_CHARACTERS: Final = 60_000


class Exchange(Protocol):
    """One outside call with its answer, or error."""

    def as_json(self) -> dict[str, Any]:
        """Bounded, and without what must not be stored."""
        ...


@dataclass
class Recording:
    """What was recorded of one run."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))
    calls: list[Exchange] = field(default_factory=list)
    missing: int = 0

    def add_line(self, line: str) -> None:
        self.missing += len(self.lines) == LINES
        self.lines.append(line if len(line) <= LINE_CHARACTERS else f"{line[:LINE_CHARACTERS]} …")

    def add_call(self, call: Exchange) -> None:
        if len(self.calls) < EXCHANGES:
            self.calls.append(call)

    @property
    def log(self) -> str:
        """The last lines, in as many characters as are kept, beginning with how many lines are missing."""
        kept = list(self.lines)
        while sum(map(len, kept)) + len(kept) > CHARACTERS:
            del kept[0]
        missing = self.missing + len(self.lines) - len(kept)
        return text("\n".join([f"… {missing} earlier lines", *kept] if missing else kept))

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = []
        left = EXCHANGE_CHARACTERS
        for call in self.calls:
            exchange = call.as_json()
            left -= len(json.dumps(exchange))
            if left < 0:
                break
            kept.append(exchange)
        return kept


_current: ContextVar[Recording | None] = ContextVar("conveyor_recording", default=None)


def current() -> Recording | None:
    """The recording of the message that this thread is running, if any."""
    return _current.get()


@contextmanager
def recording() -> Iterator[Recording]:
    """Record what happens inside."""
    made = Recording()
    token = _current.set(made)
    try:
        yield made
    finally:
        _current.reset(token)


class Handler(logging.Handler):
    """Adds each log line to the recording of the running message; outside a run it does nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        made = current()
        if made is None:
            return
        try:
            made.add_line(self.format(record))
        except Exception:
            self.handleError(record)
