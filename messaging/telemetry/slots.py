"""Slots: the numbers by which the processes of a host name their files of metrics.

A process holds the lowest free slot by a lock, which the kernel releases however the process ends. The next process
takes over the slot with its files, and counts on from their values. So there are never more files than processes that
ran at once, and a restart loses no counter.
"""

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict

MOST: Final = 512
RETRY_SECONDS: Final = 60.0


class NoSlot(OSError):
    """This process has no files for its metrics, so it does not count."""


class Slots:
    """The slots in `folder`. Raises `OSError` if the folder cannot be created."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._pid, self._slot, self._lock = 0, 0, -1
        self._failed: tuple[int, float] | None = None

    def current(self) -> int:
        """The slot of this process; its first call claims one. Raises `OSError`, again at once for a while."""
        pid = os.getpid()
        if pid == self._pid:
            return self._slot
        if self._failed and self._failed[0] == pid and time.monotonic() - self._failed[1] < RETRY_SECONDS:
            raise NoSlot(f"there is no slot in {self.folder}")
        if self._lock >= 0:  # a copy of the parent's; to close it later would release a lock on the same file
            os.close(self._lock)
            self._lock = -1
        try:
            slot, lock = self._claim()
        except OSError:
            self._failed = (pid, time.monotonic())
            raise
        self._pid, self._slot, self._lock, self._failed = pid, slot, lock, None
        return slot

    def _claim(self) -> tuple[int, int]:
        for slot in range(MOST):
            lock = os.open(self.folder / f"{slot}.lock", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            except BaseException:
                os.close(lock)
                raise
            for path in self.folder.glob(f"*_{slot}.db"):
                if not is_readable(path):  # the host went down while it was written
                    path.unlink()
            return slot, lock
        raise NoSlot(f"all {MOST} slots in {self.folder} are taken")


def is_readable(path: Path) -> bool:
    """Whether a file of metrics is whole: the used part fits, and each key in it is what the library writes."""
    try:
        with path.open("rb") as file:
            used = int.from_bytes(file.read(4), sys.byteorder, signed=True)
        if not 0 <= used <= path.stat().st_size:
            return False
        keys = (json.loads(key) for key, *_ in MmapedDict.read_all_values_from_file(str(path)))
        return all(len(key) == 4 for key in keys)
    except Exception:
        return False
