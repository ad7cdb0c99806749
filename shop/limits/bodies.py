"""Bodies of requests, read before a page is asked: by few threads at a time, and whole.

A proxy in front passes on whole bodies only. Without one, each client that sends half a body and waits occupies a
thread of the web server, and the server hands over what a client sent before it hung up as if that were all.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Final

from django.conf import settings

#: Threads of one process that may wait for a body, of its four: the last one answers pages and probes.
MOST: Final = 3
#: Seconds that a request waits for one of them. A body that arrives with its headers needs it for far less.
_PATIENCE: Final = 0.2
_DIGITS: Final = 18
log = logging.getLogger(__name__)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Bodies:
    """WSGI middleware: 503 while `MOST` threads wait for bodies, and 400 for one that is shorter than its length.

    There is no time limit: granian cannot end a read, and hangs if it is to answer while another thread reads.
    """

    def __init__(self, application: Application) -> None:
        self._application, self._free = application, threading.BoundedSemaphore(MOST)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = _length(environ)
        if not length:
            return self._application(environ, start_response)
        if not self._free.acquire(timeout=_PATIENCE):
            log.warning("Refused a request: %s threads wait for bodies. A proxy should read them first.", MOST)
            return _refuse(start_response, "503 Service Unavailable", "Too many requests are incomplete. Try again.")
        try:
            if length > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):  # too large, or a picture, which is read in parts
                return self._application(environ, start_response)
            body = environ["wsgi.input"].read(length)
        finally:
            self._free.release()
        if len(body) < length:
            return _refuse(start_response, "400 Bad Request", "The request is incomplete. Nothing was changed.")
        environ["wsgi.input"] = BytesIO(body)
        return self._application(environ, start_response)


def _length(environ: dict[str, Any]) -> int:
    """0 if there is no body, or none whose length is known, which the shop refuses."""
    length = environ.get("CONTENT_LENGTH") or ""
    return int(length[:_DIGITS]) if length.isascii() and length.isdecimal() else 0


def _refuse(start_response: Callable[..., Any], status: str, text: str) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"), ("Connection", "close")]
    start_response(status, [*headers, ("Retry-After", "1")] if status.startswith("503") else headers)
    return [text.encode()]
