"""One POST to a merchant's server, within one deadline: no redirect is followed, no proxy used, and little is read."""

import io
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded

from extensions.webhooks import targets
from extensions.webhooks.targets import NameUnknown, Target
from orders.bounded.budget import Budget, TooLong, readable

#: Bytes of an answer's body that are read at all, and then kept.
MOST_READ: Final = 1024
#: Bytes of an answer with its headers and interim answers. Python reads 100 headers of 64 kB each.
MOST_RECEIVED: Final = 1_000_000
CONNECT_SECONDS: Final = 5.0
#: Of several addresses, as of IPv6 and IPv4, this many are tried.
_TRIES: Final = 3
_MOST_INTERIM: Final = 5


class NoAnswer(Exception):
    """The request got no usable answer. The text says why."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`text` is the beginning of the body, printable. `retry_after` is the header as it came."""

    status: int
    text: str
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def post(url: str, *, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
    """Raises `TargetRefused` before anything is sent, or `NoAnswer`."""
    target, budget = targets.parse(url), Budget(seconds=seconds, most=MOST_RECEIVED)
    try:
        addresses = targets.addresses_of(target, seconds=_to_connect(budget))
        with closing(_connect(target, addresses, budget)) as connection:
            return _exchange(connection, _request(target, headers, body), budget)
    except (targets.TargetRefused, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        raise NoAnswer(_reason(error, seconds)) from error


def _to_connect(budget: Budget) -> float:
    return min(budget.seconds_left(), CONNECT_SECONDS)


@cache
def tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connect(target: Target, addresses: list[str], budget: Budget) -> socket.socket:
    """Connect to one of the addresses that were checked. The certificate must be of the name."""
    last: OSError | None = None
    for address in addresses[:_TRIES]:
        try:
            raw = socket.create_connection((address, target.port), timeout=_to_connect(budget))
        except OSError as error:
            last = error
            continue
        try:
            raw.settimeout(_to_connect(budget))
            return tls_context().wrap_socket(raw, server_hostname=target.host) if target.is_tls else raw
        except BaseException:
            raw.close()
            raise
    raise last or NameUnknown("no address")


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = {
        "Host": target.authority,
        "User-Agent": "Conveyor-Webhooks/1.0",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _exchange(connection: socket.socket, request: bytes, budget: Budget) -> Answer:
    rest = memoryview(request)
    while rest:
        connection.settimeout(budget.seconds_left())
        rest = rest[connection.send(rest) :]
    with closing(_Response(_Readable(connection, budget), method="POST")) as response:  # type: ignore[arg-type]
        response.begin()
        text = _beginning(response)
        retry_after = (response.headers.get("Retry-After") or "")[:100]
        return Answer(status=response.status, text=text, retry_after=retry_after)


def _beginning(response: HTTPResponse) -> str:
    """The status has decided already, so a body that is broken or too slow is cut off."""
    read = b""
    try:
        while len(read) < MOST_READ and (more := response.read1(MOST_READ - len(read))):
            read += more
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        read += b" ..."
    text = read[:MOST_READ].decode(errors="replace")
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


class _Response(HTTPResponse):
    """Skips interim answers, such as 103 Early Hints, up to a number. Python skips any number of 100, and no other."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200:
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException("only interim answers came")


class _Readable:
    """The part of a socket that `HTTPResponse` uses."""

    def __init__(self, connection: socket.socket, budget: Budget) -> None:
        self._connection, self._budget = connection, budget

    def makefile(self, _mode: str) -> io.BufferedReader:
        return readable(self._connection, self._budget)


def _reason(error: Exception, seconds: float) -> str:
    """In words, without anything that the other side wrote."""
    if isinstance(error, NameUnknown | TooLong):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"[:200]
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, HTTPException):
        return "the connection ended without an answer, or with one that is not HTTP"
    if isinstance(error, OSError):
        return f"the connection failed: {error.strerror or type(error).__name__}"[:200]
    return f"the answer could not be read ({type(error).__name__})"
