"""Time and bytes that a server's answer may take in all, and reads from a socket that keep to both.

A socket's own timeout bounds each read only: a server that sends one byte a second is never late.
"""

import io
import socket
import time
from typing import Any


class TooLong(OSError):
    """The server sent more than an answer may have."""


class Budget:
    """`seconds` and `most` bytes, from now on or from the latest `renew`, which may give other seconds."""

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds, self._most = seconds, most
        self.renew()

    def renew(self, *, seconds: float | None = None) -> None:
        self._now = self._seconds if seconds is None else seconds
        self._end, self._left = time.monotonic() + self._now, self._most

    def seconds_left(self) -> float:
        """Raises `TimeoutError` once nothing is left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the server took more than {self._now:g} s in all")
        return left

    def spend(self, count: int) -> None:
        """Raises `TooLong` once more than `most` bytes were spent."""
        self._left -= count
        if self._left < 0:
            raise TooLong(f"the server sent more than {self._most} bytes")


def readable(connection: socket.socket, budget: Budget) -> io.BufferedReader:
    """What `connection.makefile("rb")` would be, within `budget`."""
    return io.BufferedReader(_Reader(connection, budget))


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, budget: Budget) -> None:
        self._connection, self._budget = connection, budget
        self._file = connection.makefile("rb", buffering=0)  # keeps the socket open until it is closed, too

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._budget.seconds_left())
        count = self._file.readinto(buffer)
        self._budget.spend(count or 0)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
