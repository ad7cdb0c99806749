"""Which signal enqueues which task? Receivers say it themselves, and `manage.py topology` shows it."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from messaging.payloads import Payload

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


def enqueues(*payloads: type[Payload]) -> Callable[[Receiver], Receiver]:
    """Declare which messages a signal's receiver may enqueue, itself or by the service that it calls."""

    def mark(receiver: Receiver) -> Receiver:
        receiver.enqueues = tuple(payload.task for payload in payloads)  # type: ignore[attr-defined]
        return receiver

    return mark


def tasks_of(receiver: Callable[..., Any]) -> tuple[str, ...]:
    """The tasks that a receiver declares; none for one that only writes to the database."""
    return tuple(getattr(_plain(receiver), "enqueues", ()))


def name_of(receiver: Callable[..., Any]) -> str:
    """Where a person finds the receiver in the code, with the arguments that were bound to it."""
    plain = _plain(receiver)
    bound = ", ".join(map(repr, receiver.args)) if isinstance(receiver, functools.partial) else ""
    return f"{plain.__module__}.{getattr(plain, '__qualname__', plain)}" + (f"({bound})" if bound else "")


def _plain(receiver: Any) -> Any:
    return receiver.func if isinstance(receiver, functools.partial) else receiver
