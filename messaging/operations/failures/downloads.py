"""Bounds of the downloads whose lines are made while they are sent: how many run, and for whom."""

import csv
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from messaging.operations.failures.export import Echo

#: Of one process of the web server. Each occupies one of its four threads until the reader has the last line, and a
#: reader may stop in the middle: with all threads of all processes occupied, no page would be answered.
MOST = 2
#: Lines between two looks at the reader's session and permissions: an export of millions may run for hours.
LINES_A_LOOK = 100
_free = threading.BoundedSemaphore(MOST)


def one_of_few(view: Callable[..., StreamingHttpResponse]) -> Callable[..., HttpResponseBase]:
    """A method of a model's admin. While `MOST` of its kind are running, nothing is exported and its list says so.

    The lines end once the user may no longer see the list, or has signed out.
    """

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
            response.streaming_content = _Lines(response, place, lambda: _may_still_see(admin, request))
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


def _may_still_see(admin: Any, request: HttpRequest) -> bool:
    """Whether a request of the same session would be answered now. Asks the database, not the request's own user."""
    now: Any = HttpRequest()
    session: Any = request.session
    now.session = _SessionCopy(type(session)(session.session_key).load())
    now.user = get_user(now)
    return bool(admin.admin_site.has_permission(now) and admin.has_view_permission(now))


class _SessionCopy(dict[str, Any]):
    """What a session stores. Its user is verified without replacing its key, which the browser would not receive."""

    def flush(self) -> None:
        """Leaves the session alone."""

    def cycle_key(self) -> None:
        """Leaves the session alone."""


class _Lines:
    """A response closes what it streams. A generator that was never asked for a line would not notice."""

    def __init__(self, response: StreamingHttpResponse, place: _Place, is_allowed: Callable[[], bool]) -> None:
        self._lines: Iterator[bytes] = iter(response)
        self._charset = response.charset
        self._is_csv = response["Content-Type"].startswith("text/csv")
        self._place = place
        self._is_allowed = is_allowed

    def __iter__(self) -> Iterator[bytes]:
        try:
            for index, line in enumerate(self._lines, start=1):
                if index % LINES_A_LOOK == 0 and not self._is_allowed():
                    yield self._last()
                    return
                yield line
        finally:
            self._place.leave()

    def _last(self) -> bytes:
        """In CSV a row of one cell. In JSON no value of the array, which stays open. So no file looks whole."""
        text = _("Incomplete: your session or your permission has ended. Sign in and export it again.")
        line: str = csv.writer(Echo()).writerow([text])
        return (line if self._is_csv else f"\n{line}").encode(self._charset)

    def close(self) -> None:
        self._place.leave()
