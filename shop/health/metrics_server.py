"""`/metrics` of a process that is no web server: worker, relay or beat, on `METRICS_PORT`.

A daemon thread answers, which no shutdown waits for. A port that cannot be had is logged, and the process works on.
"""

import logging
import os
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from messaging.telemetry.store import ProcessesCollector
from shop.health.access import status_for

#: A client that sends nothing holds a thread no longer than this.
TIMEOUT_SECONDS: Final = 5.0
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
        """A scrape every few seconds is no line of the log."""


class Server(ThreadingHTTPServer):
    """One thread a request, none of which outlives the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error of ours."""
        log.debug("/metrics: %s went away", client_address)


def start() -> Server | None:
    """Serve on `METRICS_PORT` of the address `HOST`. None: no port is set, or it cannot be had."""
    if not settings.METRICS_PORT:
        return None
    try:
        server = Server((settings.HOST, settings.METRICS_PORT), Handler)
    except OSError as error:
        log.warning("METRICS_PORT %s cannot be served; this process has no metrics: %s", settings.METRICS_PORT, error)
        return None
    os.register_at_fork(after_in_child=server.socket.close)  # children of a worker must not keep the port
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
