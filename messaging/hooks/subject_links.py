"""Hook: apps register resolvers that link a message's subject, such as an order number, to its page."""

from collections.abc import Callable

Resolver = Callable[[str], str | None]
_RESOLVERS: list[Resolver] = []


def register(resolver: Resolver) -> None:
    """`resolver(subject)` returns the URL of a page about the subject, or None."""
    if resolver not in _RESOLVERS:
        _RESOLVERS.append(resolver)


def url_for(subject: str) -> str | None:
    if not subject:
        return None
    return next((url for resolver in _RESOLVERS if (url := resolver(subject))), None)
