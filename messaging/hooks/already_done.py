"""How does messaging learn that a dead message's work is done already? Apps that keep a record of it register a check.

A dead message whose effect reached the outer world, but not the app's own record, has to go again: only then does the
record become true, and the idempotency key keeps the effect from happening twice. So a check looks at the record only.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Payloads = Mapping[uuid.UUID, Any]
Check = Callable[[Payloads], Mapping[uuid.UUID, str]]
_CHECKS: dict[str, Check] = {}


def register(task: str, check: Check) -> None:
    """`check` gets the payloads of dead messages of `task` by message id, and answers with a short text, such as "the
    money is here", for the id of each whose work is done. It is asked for 1000 at a time, so it must ask in bulk.

    Raises `ValueError` if another check is registered for the task.
    """
    if _CHECKS.setdefault(task, check) is not check:
        raise ValueError(f"{task} has two checks; what is done already must have one answer")


def done_already(payloads: Mapping[str, Payloads]) -> dict[uuid.UUID, str]:
    """What is done already, of payloads by task and message id."""
    done: dict[uuid.UUID, str] = {}
    for task, by_id in payloads.items():
        if task in _CHECKS:
            done |= _CHECKS[task](by_id)
    return done


def done_of(payloads: Payloads, *, by: str, done: Iterable[tuple[object, str]]) -> dict[uuid.UUID, str]:
    """An answer for a check whose payloads name a record in the field `by`: `done` has the keys of the records whose
    work is done, each with its text."""
    text_of = dict(done)
    named = ((id_, getattr(payload, by)) for id_, payload in payloads.items())
    return {id_: text_of[key] for id_, key in named if key in text_of}
