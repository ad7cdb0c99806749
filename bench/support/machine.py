"""The machine: its speed right now, and the CPU time that each kind of process has used."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

POSTGRESQL, RABBITMQ = "PostgreSQL", "RabbitMQ"
#: Kinds of the services, by the name of their processes.
SERVICES = {"postgres": POSTGRESQL, "beam.smp": RABBITMQ}
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


def kinds(stack: Any) -> dict[int, str]:
    """What each group of processes is: "web", "relay", "payments", and so on, and a broker of the stack's own."""
    found = {
        program.pid: program.name.removeprefix("worker-").split("-")[0] for program in stack.programs if program.running
    }
    node = getattr(stack.broker, "program", None)
    return found | ({node.pid: RABBITMQ} if node else {})


def cpu_seconds(
    groups: Mapping[int, str], *, database: str = "", since: Mapping[str, float] | None = None
) -> dict[str, float]:
    """CPU seconds by kind, those of children that have ended included, and less those of `since`.

    `groups` are kinds by process group. PostgreSQL and RabbitMQ are counted as a whole, with what others use them for;
    with `database`, only its sessions are, without PostgreSQL's background processes, and no RabbitMQ but one in
    `groups`.
    """
    used: defaultdict[str, float] = defaultdict(float)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        name, group, seconds = parsed(stat)
        service = _session(command, database) if database else SERVICES.get(name)
        if kind := groups.get(group) or service:
            used[kind] += seconds
    return {kind: seconds - (since or {}).get(kind, 0.0) for kind, seconds in used.items()}


def parsed(stat: str) -> tuple[str, int, float]:
    """Name, process group and CPU seconds, ended children included, from a line of `/proc/<pid>/stat`.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat[stat.rindex(")") + 2 :].split()
    return name, int(fields[2]), sum(map(int, fields[11:15])) / _TICKS


def _session(command: bytes, database: str) -> str | None:
    """PostgreSQL shows who is connected to what in the command line of each session."""
    is_session = command.startswith(b"postgres: ") and f" {database} ".encode() in command
    return POSTGRESQL if is_session else None
