"""A merchant's server: it records every request, and answers as the test says, well or badly."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from standardwebhooks import Webhook

from extensions.webhooks.models import Endpoint

Behaviour = Callable[[socket.socket], None]


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: str


def answer(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A complete answer. Names of headers are written with _ for -."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Text\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode()
    return raw(head + body)


def raw(data: bytes) -> Behaviour:
    return lambda connection: connection.sendall(data)


@dataclass
class Merchant:
    """As a context manager, it listens at `url`. `behaviour` is of the next requests; it may be changed meanwhile."""

    behaviour: Behaviour = field(default_factory=lambda: answer(204))
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.is_over.set()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?shop=1"

    def verified(self, endpoint: Endpoint) -> list[object]:
        """The events of all requests, each verified as a merchant does."""
        return [Webhook(endpoint.secret).verify(each.body, each.headers) for each in self.requests]

    def hang(self, connection: socket.socket) -> None:
        self.is_over.wait(20)

    def drip(self, connection: socket.socket) -> None:
        """A byte at a time, each well within any timeout of a single read."""
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
            connection.sendall(bytes([letter]))
            if self.is_over.wait(0.02):
                return

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._handle, args=[connection], daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                reader = connection.makefile("rb")
                line = reader.readline().decode().strip()
                headers = {}
                while pair := reader.readline().decode().strip():
                    name, _, value = pair.partition(": ")
                    headers[name] = value
                body = reader.read(int(headers.get("Content-Length", 0))).decode()
                self.requests.append(Request(line, headers, body))
                self.behaviour(connection)
