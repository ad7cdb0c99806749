"""Time limit for code that runs in a thread of this process, where no signal can be used."""

import ctypes
import threading
from types import TracebackType
from typing import Final, Self

_set_error: Final = ctypes.pythonapi.PyThreadState_SetAsyncExc


class TooLong(BaseException):
    """The time is up. Not an `Exception`: no code inside may catch it."""


class Alarm:
    """Raises `TooLong` in the thread that entered it, after `seconds`, as soon as that thread runs Python code again.

    A statement of the database is not interrupted; give it a limit of its own.
    """

    def __init__(self, seconds: float) -> None:
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._lock, self._is_over = threading.Lock(), False
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """What was raised too late to arrive inside arrives here, at the lock.

        A pending error is never cleared: CPython would keep its flag for it set, and each instruction of the process
        would then look for one, under a tracer for ever.
        """
        with self._lock:
            self._is_over = True
        self._timer.cancel()

    def _ring(self) -> None:
        with self._lock:
            if not self._is_over:
                _set_error(self._thread, ctypes.py_object(TooLong))
