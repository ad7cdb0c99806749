"""Hook: apps register checks that tell whether a dead message's work is already done, so it need not be retried.

A check may look at the app's own record only. If the effect reached the outside world but not that record, the message
must run again: the retry completes the record, and the idempotency key prevents a second effect.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Payloads = Mapping[uuid.UUID, Any]
Check = Callable[[Payloads], Mapping[uuid.UUID, str]]
_CHECKS: dict[str, Check] = {}


def register(task: str, check: Check) -> None:
    """Register the check of `task`. Raises `ValueError` if it has one.

    `check` gets payloads by message id, up to 1,000 at a time, and returns a short text, such as "the payment is
    captured", for each message whose work is done.
    """
    if _CHECKS.setdefault(task, check) is not check:
        raise ValueError(f"{task} has two checks; only one is allowed")


def done_already(payloads: Mapping[str, Payloads]) -> dict[uuid.UUID, str]:
    """Texts by message id for the messages whose work is done. `payloads` are by task and message id."""
    done: dict[uuid.UUID, str] = {}
    for task, by_id in payloads.items():
        if task in _CHECKS:
            done |= _CHECKS[task](by_id)
    return done


def done_of(payloads: Payloads, *, by: str, done: Iterable[tuple[object, str]]) -> dict[uuid.UUID, str]:
    """Result of a check whose payloads name a record in field `by`. `done` yields (key, text) of finished records."""
    text_of = dict(done)
    named = ((id_, getattr(payload, by)) for id_, payload in payloads.items())
    return {id_: text_of[key] for id_, key in named if key in text_of}
