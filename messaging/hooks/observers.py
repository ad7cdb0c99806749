"""Hook: observers of messages on their way, such as traces and metrics.

They see what happens and change nothing: what an observer raises is logged, and the message continues.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from celery.exceptions import SoftTimeLimitExceeded

if TYPE_CHECKING:
    from messaging.relay.claim import Claimed
    from messaging.relay.publish import Outcome

log = logging.getLogger(__name__)
#: Ends an observation. It gets what the run raised: None if the message is done.
Ending = Callable[[BaseException | None], None]


class Observer:
    """Observes nothing; subclasses override what they need."""

    def traceparent(self, trace_id: uuid.UUID) -> str:
        """The W3C trace context, in this trace, of a message that is enqueued now; empty to leave it to the chain."""
        return ""

    def published(self, batch: "Sequence[Claimed]", outcome: "Outcome", *, seconds: float) -> None:
        """A relay has published a batch, which took `seconds`; the outcome says what the broker confirmed."""

    def started(self, task: Any) -> Ending:
        """A worker begins to run a delivery; called in the process that runs it. `task` is a `ReliableTask`."""
        return lambda error: None


_OBSERVERS: list[Observer] = []


def register(observer: Observer) -> None:
    _OBSERVERS.append(observer)


def traceparent(trace_id: uuid.UUID) -> str:
    """The first trace context that an observer has; empty without any."""
    return next(filter(None, (_ask(each.traceparent, trace_id) for each in _OBSERVERS)), "")


def published(batch: "Sequence[Claimed]", outcome: "Outcome", *, seconds: float) -> None:
    for each in _OBSERVERS:
        _ask(each.published, batch, outcome, seconds=seconds)


@contextmanager
def running(task: Any) -> Iterator[None]:
    endings: list[Ending | None] = []
    error: BaseException | None = None
    try:
        endings.extend(_ask(each.started, task) for each in _OBSERVERS)  # those before one that fails are ended, too
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        for end in reversed(endings):
            if end:
                _ask(end, error)


def _ask(method: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return method(*args, **options)
    except SoftTimeLimitExceeded:  # of the task, which an observer is called in
        raise
    except Exception:
        log.exception("an observer of messages failed")
        return None
