"""Soft time limits that client libraries disguise: each catches every exception and raises an error of its own."""

from celery.exceptions import SoftTimeLimitExceeded


def soft_limit_behind(error: BaseException) -> SoftTimeLimitExceeded | None:
    """The soft time limit among the causes of `error`: the task was too long, which is no proof of an outage."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, SoftTimeLimitExceeded):
            return cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return None
