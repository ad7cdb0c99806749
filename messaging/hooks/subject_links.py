"""Hook: apps register resolvers that link a message's subject, such as an order number, to its page."""

from collections.abc import Callable

_RESOLVERS: list[Callable[[str], str | None]] = []


def register(resolver: Callable[[str], str | None]) -> None:
    """`resolver(subject)` returns the URL of a page about the subject, or None."""
    if resolver not in _RESOLVERS:
        _RESOLVERS.append(resolver)


def url_for(subject: str) -> str | None:
    return next((url for resolver in _RESOLVERS if subject and (url := resolver(subject))), None)
