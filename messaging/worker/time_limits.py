"""Soft time limits that client libraries disguise: each catches every exception and raises an error of its own."""

from collections.abc import Iterator

from celery.exceptions import SoftTimeLimitExceeded


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
