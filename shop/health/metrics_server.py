"""`/metrics` of a process that is not a web server: worker, relay or beat, on `METRICS_PORT`.

Daemon threads answer, which no shutdown waits for; how many they are, and how long each works, is bounded. A port that
cannot be had is logged, and the process works on.
"""

import logging
import os
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from messaging.telemetry.store import ProcessesCollector
from shop.health.access import status_for

#: A client that sends nothing holds a thread no longer than this.
TIMEOUT_SECONDS: Final = 5.0
#: A whole request, however slowly its client sends or reads; Prometheus itself waits 10 s by default.
REQUEST_SECONDS: Final = 10.0
#: Requests at one time. Further connections are closed at once.
MOST_REQUESTS: Final = 8
#: The name of a thread that answers a request.
THREAD: Final = "metrics-request"
_TEXTS: Final = {HTTPStatus.NOT_FOUND: "Not found.\n", HTTPStatus.UNAUTHORIZED: "METRICS_TOKEN required.\n"}
log = logging.getLogger(__name__)
registry = CollectorRegistry(auto_describe=False)
registry.register(ProcessesCollector())


class Handler(BaseHTTPRequestHandler):
    """Answers `GET /metrics`."""

    timeout = TIMEOUT_SECONDS
    server_version, sys_version = "conveyor", ""

    def do_GET(self) -> None:
        status, content, kind = self._answer()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(content)

    def _answer(self) -> tuple[HTTPStatus, bytes, str]:
        is_known = self.path.partition("?")[0] == "/metrics"
        status = status_for(self.headers.get("Authorization", "")) if is_known else HTTPStatus.NOT_FOUND
        if status != HTTPStatus.OK:
            return status, _TEXTS[status].encode(), "text/plain"
        try:
            return status, generate_latest(registry), CONTENT_TYPE_LATEST
        except Exception:
            log.exception("/metrics failed")
            return HTTPStatus.INTERNAL_SERVER_ERROR, b"Internal server error.\n", "text/plain"

    def log_message(self, *args: object) -> None:
        """A scrape every few seconds is not a line of the log."""


class Server(ThreadingHTTPServer):
    """One thread a request, at most `MOST_REQUESTS`, each for `REQUEST_SECONDS`. None outlives the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, address: tuple[str, int]) -> None:
        self._slots = threading.BoundedSemaphore(MOST_REQUESTS)
        self._lock = threading.Lock()
        self._deadlines: dict[Any, float] = {}
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            with self._lock:
                self._deadlines[request] = time.monotonic() + REQUEST_SECONDS
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        threading.current_thread().name = THREAD
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._deadlines.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End overdue requests: what waits for their clients fails. The server's loop calls this twice a second."""
        with self._lock:
            for connection, deadline in self._deadlines.items():
                if time.monotonic() >= deadline:
                    with suppress(OSError):  # the client has gone
                        connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is not an error of ours."""
        log.debug("/metrics: %s went away", client_address)


def start() -> Server | None:
    """Serve on `METRICS_PORT` of the address `HOST`. None: no port is set, or it cannot be had."""
    if not settings.METRICS_PORT:
        return None
    try:
        server = Server((settings.HOST, settings.METRICS_PORT))
    except OSError as error:
        log.warning("METRICS_PORT %s cannot be served; this process has no metrics: %s", settings.METRICS_PORT, error)
        return None
    os.register_at_fork(after_in_child=server.socket.close)  # children of a worker must not keep the port
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
