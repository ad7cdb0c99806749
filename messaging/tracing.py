"""Tracing: correlation id, causation id and W3C trace context of every message.

A request or a message starts a chain; messages enqueued while handling it carry its correlation id, the id of the
message that caused them, and a `traceparent` (https://www.w3.org/TR/trace-context/).
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

from messaging.hooks import observers

_TRACEPARENT = re.compile(r"^00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})$")


@dataclass(frozen=True)
class Chain:
    """`causation_id` is None while a request is being handled rather than a message."""

    correlation_id: uuid.UUID
    causation_id: uuid.UUID | None = None

    def traceparent(self) -> str:
        """Header of a new span in this chain's trace, or of the current one if spans are recorded."""
        return observers.traceparent(self.correlation_id) or f"00-{self.correlation_id.hex}-{secrets.token_hex(8)}-01"


_current: ContextVar[Chain | None] = ContextVar("conveyor_chain", default=None)


def current() -> Chain | None:
    return _current.get()


@contextmanager
def chain(link: Chain) -> Iterator[None]:
    """Put everything enqueued inside on chain `link`."""
    token = _current.set(link)
    try:
        yield
    finally:
        _current.reset(token)


def chain_of_header(value: str) -> Chain:
    """The chain named by a `traceparent` header; a new one if the header is missing or malformed."""
    match = _TRACEPARENT.match(value)
    if match and int(match["trace"], 16):
        return Chain(uuid.UUID(hex=match["trace"]))
    return Chain(uuid.uuid4())


class ChainFilter(logging.Filter):
    """Adds the first 12 digits of the chain's id to log records, so that a request can be followed through workers."""

    def filter(self, record: logging.LogRecord) -> bool:
        link = current()
        record.chain = link.correlation_id.hex[:12] if link else "-"
        return True


class TraceMiddleware:
    """Starts a chain for each request, or continues the caller's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with chain(chain_of_header(request.headers.get("traceparent", ""))):
            return self.get_response(request)
