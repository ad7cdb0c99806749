"""Hook: receivers declare which tasks they enqueue, for `manage.py topology`."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from messaging.payloads import Payload

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


def enqueues(*payloads: type[Payload]) -> Callable[[Receiver], Receiver]:
    """Declare the messages that a receiver, or the service it calls, may enqueue."""

    def mark(receiver: Receiver) -> Receiver:
        receiver.enqueues = tuple(payload.task for payload in payloads)  # type: ignore[attr-defined]
        return receiver

    return mark


def tasks_of(receiver: Callable[..., Any]) -> tuple[str, ...]:
    """The tasks a receiver declares; empty if it enqueues none."""
    return tuple(getattr(_unwrap(receiver), "enqueues", ()))


def name_of(receiver: Callable[..., Any]) -> str:
    """Dotted path of the receiver, with its bound arguments."""
    function = _unwrap(receiver)
    bound = ", ".join(map(repr, receiver.args)) if isinstance(receiver, functools.partial) else ""
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}" + (f"({bound})" if bound else "")


def _unwrap(receiver: Any) -> Any:
    return receiver.func if isinstance(receiver, functools.partial) else receiver
