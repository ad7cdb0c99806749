"""One POST to a merchant's server, within one deadline: no redirect is followed, no proxy used, and little is read."""

import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any, Final

from celery.exceptions import SoftTimeLimitExceeded

from extensions.webhooks import targets
from extensions.webhooks.targets import NameUnknown, Target

#: Bytes of an answer's body that are read at all, and then kept.
MOST_READ: Final = 1024
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


class Deadline:
    """What is left of a number of seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, most: float = 1e6) -> float:
        """Raises `TimeoutError` once nothing is left."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return min(seconds, most)


def post(url: str, *, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
    """Raises `TargetRefused` before anything is sent, or `NoAnswer`."""
    target, deadline = targets.parse(url), Deadline(seconds)
    try:
        addresses = targets.addresses_of(target, seconds=deadline.left(CONNECT_SECONDS))
        with closing(_connect(target, addresses, deadline)) as connection:
            return _exchange(connection, _request(target, headers, body), deadline)
    except (targets.TargetRefused, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        raise NoAnswer(_reason(error, seconds)) from error


@cache
def tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connect(target: Target, addresses: list[str], deadline: Deadline) -> socket.socket:
    """Connect to one of the addresses that were checked. The certificate must be of the name."""
    last: OSError | None = None
    for address in addresses[:_TRIES]:
        try:
            raw = socket.create_connection((address, target.port), timeout=deadline.left(CONNECT_SECONDS))
        except OSError as error:
            last = error
            continue
        try:
            raw.settimeout(deadline.left(CONNECT_SECONDS))
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


def _exchange(connection: socket.socket, request: bytes, deadline: Deadline) -> Answer:
    rest = memoryview(request)
    while rest:
        connection.settimeout(deadline.left())
        rest = rest[connection.send(rest) :]
    response = _Response(_Readable(connection, deadline), method="POST")  # type: ignore[arg-type]
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
    """The part of a socket that `HTTPResponse` uses, with a deadline for all reads together."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._raw = _Reader(connection, deadline)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw, 2048)


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection, self._deadline = connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.left())
        return self._connection.recv_into(buffer)


def _reason(error: Exception, seconds: float) -> str:
    """In words, without anything that the other side wrote."""
    if isinstance(error, NameUnknown):
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
