"""CPU time of a stack's processes, of its database's sessions, and of its broker."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

POSTGRESQL, RABBITMQ = "PostgreSQL", "RabbitMQ"
_TICKS = os.sysconf("SC_CLK_TCK")


def kinds(stack: Any) -> dict[int, str]:
    """What each group of processes is: "web", "relay", "payments", and so on, and a broker of the stack's own."""
    found = {
        program.pid: program.name.removeprefix("worker-").split("-")[0] for program in stack.programs if program.running
    }
    node = getattr(stack.broker, "program", None)
    return found | ({node.pid: RABBITMQ} if node else {})


def cpu_seconds(groups: Mapping[int, str], *, database: str) -> Counter[str]:
    """CPU seconds by kind. PostgreSQL's are those of the database's sessions, without its background processes.

    Times of ended children are included. Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    used: Counter[str] = Counter()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        fields = stat[stat.rindex(")") + 2 :].split()
        kind = groups.get(int(fields[2]))
        if not kind and command.startswith(b"postgres: ") and f" {database} ".encode() in command:
            kind = POSTGRESQL
        if kind:
            used[kind] += sum(map(int, fields[11:15])) / _TICKS  # type: ignore[assignment]
    return used
