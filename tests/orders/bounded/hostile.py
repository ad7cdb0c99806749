"""A server on 127.0.0.1 that sends whatever a test wants, at any pace.

Slow and long answers end in the end, and end well: a client without bounds takes them, which a test notices.
"""

import gzip
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from orders.bounded.http import MOST
from tests.patience import PATIENCE

#: A part that stands for a pause of about a second, which ends at once when the test does.
PAUSE: Final = b""
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Server:
    """Each connection gets `parts`, after what it sends first has come. `requests` are these first bytes."""

    def __init__(self, parts: Sequence[bytes], *, first: bool = False) -> None:
        self.parts, self._speaks_first = parts, first
        self.requests: list[bytes] = []
        self.sent = 0
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with connection, suppress(OSError):
            if not self._speaks_first:
                self.requests.append(connection.recv(65_536))
            for part in self.parts:
                if self._stopped.is_set():
                    return
                if part == PAUSE:
                    self._stopped.wait(1)
                self.sent += 1
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


@contextmanager
def serving(parts: Sequence[bytes], *, first: bool = False) -> Iterator[Server]:
    """`first`: the server speaks first, as one of SMTP does."""
    server = Server(parts, first=first)
    threading.Thread(target=server.accept, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


def slowly(head: bytes, part: bytes, tail: bytes = b"") -> list[bytes]:
    """`part` again and again for at least 20 seconds: longer than any client of these tests may wait."""
    return [head, *(PAUSE, part) * 20, tail]


def answers() -> dict[str, list[bytes]]:
    """Answers over HTTP that no client should take."""
    body = b'{"a": "' + b"x" * (3 * MOST) + b'"}'
    whole, bomb = b"Content-Length: 2\r\n\r\n{}", gzip.compress(body)
    encoded = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    return {
        "long": [OK + b"Content-Length: %d\r\n\r\n" % len(body), body],
        "long, of no stated length": [OK + b"\r\n", body],
        "long, in chunks": [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % len(body), body, b"\r\n0\r\n\r\n"],
        "long once unpacked": [encoded, bomb],
        "long before the status": [b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST // 20), OK + whole],
        "slow body": slowly(OK + b"Content-Length: 20\r\n\r\n", b"5"),
        "slow chunks": slowly(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n5\r\n", b"0\r\n\r\n"),
        "slow header": slowly(OK + b"X-Slow: ", b"x", b"\r\n" + whole),
        "slow headers": slowly(OK, b"X-Slow: x\r\n", whole),
        "slow before the status": slowly(b"", b"HTTP/1.1 100 Continue\r\n\r\n", OK + whole),
        "shorter than stated": [OK + b"Content-Length: 100\r\n\r\n{}"],
        "cut off in a chunk": [OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffff\r\n{}"],
        "none": [],
    }


def redirect(status: int, to: str) -> list[bytes]:
    return [b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, to.encode())]


@contextmanager
def answering(listener: socket.socket, answer: bytes, *, times: int) -> Iterator[None]:
    """Answers so many requests of one connection, the first, and accepts no other."""

    def serve() -> None:
        connection = listener.accept()[0]
        with connection, suppress(OSError):
            for _ in range(times):
                connection.recv(65_536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    thread.join(PATIENCE)
