"""To which chain of events does what is happening now belong?

A request, or a message, starts a chain; every message enqueued while handling it carries the chain's correlation id and
the id of the message that caused it, and a W3C trace context (https://www.w3.org/TR/trace-context/) for tracing tools.
"""

import logging
import re
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

_TRACEPARENT = re.compile(r"^00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})$")


@dataclass(frozen=True)
class Chain:
    """`causation_id` is None while a request, not a message, is being handled."""

    correlation_id: uuid.UUID
    causation_id: uuid.UUID | None = None

    def traceparent(self) -> str:
        """A new span of this chain's trace."""
        return f"00-{self.correlation_id.hex}-{secrets.token_hex(8)}-01"


_current: ContextVar[Chain | None] = ContextVar("conveyor_chain", default=None)


def current() -> Chain | None:
    return _current.get()


@contextmanager
def chain(link: Chain) -> Iterator[None]:
    """Everything enqueued inside belongs to `link`."""
    token = _current.set(link)
    try:
        yield
    finally:
        _current.reset(token)


def chain_of_header(value: str) -> Chain:
    """The chain that a `traceparent` header names, or a new one where it names none."""
    match = _TRACEPARENT.match(value)
    if match and int(match["trace"], 16):
        return Chain(uuid.UUID(hex=match["trace"]))
    return Chain(uuid.uuid4())


class ChainFilter(logging.Filter):
    """Gives each log record the start of its chain's id, so that one request is found again in the workers' logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        link = current()
        record.chain = link.correlation_id.hex[:12] if link else "-"
        return True


class TraceMiddleware:
    """Starts a chain for each request, or goes on with the caller's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with chain(chain_of_header(request.headers.get("traceparent", ""))):
            return self.get_response(request)
