"""Admin pages of messages: the desk registers where a message is shown, other apps link to it."""

from collections.abc import Callable

from messaging.models import Message

_resolver: list[Callable[[Message], str]] = []


def register(resolver: Callable[[Message], str]) -> None:
    """`resolver(message)` returns the URL of the message's page. Replaces the previous resolver."""
    _resolver[:] = [resolver]


def url_for(message: Message) -> str | None:
    """The URL of the message's page; None if no desk is installed."""
    return _resolver[0](message) if _resolver else None
