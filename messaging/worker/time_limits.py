"""Time limits: in words, and soft ones that client libraries disguise by an error of their own."""

from collections.abc import Iterator
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded


def text_of(error: BaseException, *, task: Any) -> str:
    """Which limit of `task` the error means, in seconds; empty for every other error."""
    if isinstance(error, TimeLimitExceeded):
        limit = error.args[0] if error.args else task.time_limit or task.app.conf.task_time_limit
        return f"exceeded the hard time limit of {_seconds(limit)}; its process was killed"
    if isinstance(error, SoftTimeLimitExceeded):
        limit = error.args[0] if error.args else task.soft_time_limit or task.app.conf.task_soft_time_limit
        return f"exceeded the soft time limit of {_seconds(limit)}"
    return ""


def _seconds(limit: Any) -> str:
    return f"{limit:g} s" if isinstance(limit, int | float) else "its task"


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """`error` and what caused it, the latest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def soft_limit_behind(error: BaseException) -> SoftTimeLimitExceeded | None:
    """The soft time limit among the causes of `error`: the task was too long, which is no proof of an outage."""
    return next((cause for cause in causes_of(error) if isinstance(cause, SoftTimeLimitExceeded)), None)
