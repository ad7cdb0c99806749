"""Where does a person find what a message is about? Messaging does not know; apps that do register a resolver."""

from collections.abc import Callable

Resolver = Callable[[str], str | None]
_RESOLVERS: list[Resolver] = []


def register(resolver: Resolver) -> None:
    """`resolver(subject)` gives the address of a page about the subject, or None where it knows none."""
    if resolver not in _RESOLVERS:
        _RESOLVERS.append(resolver)


def url_for(subject: str) -> str | None:
    if not subject:
        return None
    return next((url for resolver in _RESOLVERS if (url := resolver(subject))), None)
