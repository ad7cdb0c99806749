"""Which release last ran a task that the present one does not know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from messaging.models import Attempt, Message, State
from messaging.payloads import payload_for

#: The newest messages of the task that are looked at: one range of an index.
_LOOKED_AT: Final = 200


@dataclass(frozen=True)
class LastRun:
    release: str
    at: datetime


def last_run_of(task: str) -> LastRun | None:
    """The last run of `task` on a known release; None if none is among its newest messages. Two statements."""
    newest = Message.objects.filter(task=task).order_by("-id").only("state", "release", "finished_at")[:_LOOKED_AT]
    messages = list(newest)
    runs = [
        LastRun(m.release, m.finished_at) for m in messages if m.state == State.DONE and m.release and m.finished_at
    ]
    # Without a start it was filed by a relay, which need not know the task.
    failed = Attempt.objects.filter(message__in=[m.pk for m in messages], started_at__isnull=False)
    last = failed.exclude(release="").order_by("-ended_at").values_list("release", "ended_at").first()
    return max([*runs, *([LastRun(*last)] if last else [])], key=lambda run: run.at, default=None)


def last_run_if_unknown(task: str) -> LastRun | None:
    """As `last_run_of`, for a task that the present release does not know; None for any other."""
    return last_run_of(task) if task and payload_for(task) is None else None
