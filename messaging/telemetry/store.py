"""Counters and histograms of processes: what one process counts, and what all processes of the host have counted.

With `PROMETHEUS_MULTIPROC_DIR` each process counts in files there, by prometheus-client's multiprocess mode, and any of
them can report for all. Without it, or if the folder cannot be used, a process counts in its memory, for itself.
Counting never raises: what cannot be counted is lost, and logged once a minute at most.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec

import prometheus_client
from celery.exceptions import SoftTimeLimitExceeded
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from messaging.telemetry.slots import Slots, is_readable

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_FIRST_BYTES: Final = 1 << 16
_LOG_SECONDS: Final = 60.0
_DAMAGED: Final = "Files of metrics on this host that cannot be read; what they hold is missing in this answer."
log = logging.getLogger(__name__)


class Preallocated(MmapedDict):
    """A file whose space is allocated before it is written.

    Writing to a mapped file without space ends the process by SIGBUS; allocating raises `OSError` instead.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            with Path(filename).open("ab") as file:
                if file.tell() == 0:
                    _allocate(file.fileno(), _FIRST_BYTES)
        super().__init__(filename, read_mode)

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + 64 > self._capacity:
            _allocate(self._f.fileno(), self._capacity * 2)
        super()._init_value(key)


def _allocate(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):  # macOS has none
        os.posix_fallocate(file, 0, size)


def open_folder(folder: str) -> Path | None:
    """Let every metric that is defined from now on count in `folder`. None: it cannot be used, or is not given."""
    # Before the first metric: the library has chosen files already where the variable is set.
    values.ValueClass = values.MutexValue
    if not folder:
        return None
    try:
        slots = Slots(Path(folder))
        values.MmapedDict = Preallocated  # type: ignore[attr-defined]
        values.ValueClass = values.MultiProcessValue(process_identifier=slots.current)
    except OSError as error:
        log.warning("metrics: %s cannot be used, so each process reports only its own: %s", folder, error)
        return None
    return slots.folder


prometheus_client.disable_created_metrics()
FOLDER: Final = open_folder(os.environ.get(VARIABLE, ""))
#: What this process defines. Only without a folder does it hold the values, too.
REGISTRY: Final = CollectorRegistry()


def counter(name: str, text: str, labels: Sequence[str]) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def histogram(name: str, text: str, labels: Sequence[str], *, buckets: Sequence[float]) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)


P = ParamSpec("P")
_logged: dict[str, float] = {}


def harmless(count: Callable[P, object]) -> Callable[P, None]:
    """A function that counts, and raises nothing but the time limit of the task around it."""

    @wraps(count)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            count(*args, **kwargs)
        except SoftTimeLimitExceeded:  # of the task that is counted
            raise
        except Exception:
            if time.monotonic() - _logged.get("at", -_LOG_SECONDS) >= _LOG_SECONDS:
                _logged["at"] = time.monotonic()
                log.warning("metrics: this process could not count", exc_info=True)

    return guarded


class ProcessesCollector(Collector):
    """The metrics of every process of this host; without a folder, of this process."""

    def __init__(self, folder: Path | None = FOLDER) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        damaged = 0
        if self._folder is None:
            yield from REGISTRY.collect()
        else:
            files = sorted(self._folder.glob("*.db"))
            readable = [path for path in files if is_readable(path)]
            damaged = len(files) - len(readable)
            yield from _merged(readable)
        yield GaugeMetricFamily("conveyor_metric_files_damaged", _DAMAGED, value=damaged)


def _merged(files: list[Path]) -> list[Any]:
    return list(MultiProcessCollector.merge([str(path) for path in files]))
