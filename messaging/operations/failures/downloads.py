"""Bound of the downloads whose lines are made while they are sent."""

import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

#: Of one process of the web server. Each occupies one of its four threads until the reader has the last line, and a
#: reader may stop in the middle: with all threads of all processes occupied, no page would be answered.
MOST = 2
_free = threading.BoundedSemaphore(MOST)


def one_of_few(view: Callable[..., StreamingHttpResponse]) -> Callable[..., HttpResponseBase]:
    """A method of a model's admin. While `MOST` of its kind are running, nothing is exported and its list says so."""

    @wraps(view)
    def bounded(admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        free = _free
        if not free.acquire(blocking=False):
            text = _("Other exports are being downloaded. Nothing was exported. Try again when they have ended.")
            messages.warning(request, text)
            return redirect(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist")
        place = _Place(free)
        try:
            response = view(admin, request, *args, **kwargs)
            response.streaming_content = _Lines(response, place)
        except BaseException:
            place.leave()
            raise
        return response

    return bounded


class _Place:
    """One that was taken of `free`. It is left once, at the latest with the response."""

    def __init__(self, free: threading.BoundedSemaphore) -> None:
        self._free, self._left = free, threading.Lock()

    def leave(self) -> None:
        if self._left.acquire(blocking=False):
            self._free.release()

    __del__ = leave


class _Lines:
    """A response closes what it streams. A generator that was never asked for a line would not notice."""

    def __init__(self, response: StreamingHttpResponse, place: _Place) -> None:
        self._lines: Iterator[bytes] = iter(response)
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._lines
        finally:
            self._place.leave()

    def close(self) -> None:
        self._place.leave()
