"""Messages that are not signed with a worker's `SECRET_KEY`: workers note them, for alerts and the doctor.

A worker compares each of them with the ledger, so none is lost. While a key is changed that is as it should be; for
good, nobody would notice that any relay's messages cost a statement more, and that no signature keeps forgeries out.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from messaging import clock
from messaging.hooks.observers import Ending, Observer
from messaging.models import Cursor
from messaging.relay import direct
from messaging.worker.admission import HEADER

_NOTED: Final = "unsigned messages"
#: Seconds. A process notes one message in this time.
_NOTE_EVERY: Final = 60.0
#: A change of the key takes less.
_LASTS: Final = timedelta(minutes=10)
#: Without another one for so long, it is over. A worker may have little to do.
_OVER: Final = timedelta(hours=1)


class UnsignedMessages(Observer):
    """Notes that a delivery ran which was not signed with this process's key, once it has run: a note needs a lock.

    What is published without the ledger is never signed.
    """

    def __init__(self) -> None:
        self._next = 0.0

    def started(self, task: Any) -> Ending:
        origin = task.request.get(HEADER) or {}
        if direct.is_on() or not origin.get("is_unsigned") or time.monotonic() < self._next:
            return super().started(task)
        self._next, worker = time.monotonic() + _NOTE_EVERY, str(task.request.hostname)
        return lambda error: _note(worker=worker)


def _note(*, worker: str) -> None:
    now, noted = clock.now(), _read()
    since = noted[0] if noted and now - noted[1] < _OVER else now
    Cursor.write(_NOTED, {"since": since.isoformat(), "last": now.isoformat(), "worker": worker})


def _read() -> tuple[datetime, datetime, str] | None:
    """Since when, until when, and by which worker."""
    noted = Cursor.read(_NOTED)
    if not noted:
        return None
    return datetime.fromisoformat(noted["since"]), datetime.fromisoformat(noted["last"]), noted["worker"]


def conditions() -> Iterator[tuple[str, str]]:
    """For alerts: one text, while workers and relays have different keys for longer than a change of the key takes."""
    noted = _read()
    if noted and noted[1] - noted[0] > _LASTS and clock.now() - noted[1] < _OVER:
        since, _last, worker = noted
        text = (
            f"Since {clock.text(since)}, {worker} gets messages that are not signed with its SECRET_KEY, and compares "
            "each with the ledger. Give relays and workers the same key; if they have it, somebody else publishes."
        )
        yield "unsigned", text
