"""The machine: its speed right now, and the CPU time that each kind of process has used."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

#: Kinds of the services, by the name of their processes. They are counted as a whole, with what others use them for.
SERVICES = {"postgres": "PostgreSQL", "beam.smp": "RabbitMQ"}
_TICKS = os.sysconf("SC_CLK_TCK")


def spin() -> float:
    """Milliseconds of a fixed loop that runs on every core at once; more than usual on a machine that is busy."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool:
        return max(pool.map(_loop, range(cores)))


def _loop(_core: int) -> float:
    began = time.perf_counter()
    total = 0
    for number in range(3_000_000):
        total += number
    return 1000 * (time.perf_counter() - began)


def load_average() -> float:
    return os.getloadavg()[0]


def cpu_seconds(groups: Mapping[int, str], *, since: Mapping[str, float] | None = None) -> dict[str, float]:
    """CPU seconds by kind, those of children that have ended included, and less those of `since`.

    `groups` are kinds by process group.
    """
    used: defaultdict[str, float] = defaultdict(float)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it has ended meanwhile
            continue
        name, group, seconds = parsed(text)
        kind = groups.get(group) or SERVICES.get(name)
        if kind:
            used[kind] += seconds
    return {kind: seconds - (since or {}).get(kind, 0.0) for kind, seconds in used.items()}


def parsed(stat: str) -> tuple[str, int, float]:
    """Name, process group and CPU seconds, ended children included, from a line of `/proc/<pid>/stat`.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat[stat.rindex(")") + 2 :].split()
    return name, int(fields[2]), sum(map(int, fields[11:15])) / _TICKS
