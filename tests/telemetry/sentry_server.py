"""A stand-in for Sentry: an HTTP server that keeps the events that it is sent."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Received(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = []

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.server_port}/1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        assert isinstance(self.server, Received)
        self.server.events += events_of(body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def events_of(envelope: bytes) -> list[dict[str, Any]]:
    """The events in an envelope: a line of JSON for it, then for each item a header and its payload."""
    _, *lines = envelope.split(b"\n")
    items = zip(lines[::2], lines[1::2], strict=False)
    return [json.loads(payload) for header, payload in items if header and json.loads(header)["type"] == "event"]


@contextmanager
def running() -> Iterator[Received]:
    server = Received()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
