"""Admin pages of messages: the desk registers where a message is shown, other apps link to it."""

from collections.abc import Callable

from messaging.models import Message

Resolver = Callable[[Message], str]
_resolver: list[Resolver] = []


def register(resolver: Resolver) -> None:
    """`resolver(message)` returns the URL of the message's page. The last one registered counts."""
    _resolver[:] = [resolver]


def url_for(message: Message) -> str | None:
    """The URL of the message's page; None where no desk is installed."""
    return _resolver[0](message) if _resolver else None
