"""Samples of a running stack: its processes, database, broker and folder."""

import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.pipeline.results.figures import percentile
from bench.soak import tables
from bench.soak.traffic import Traffic

MIB = 2**20
BROKER = "broker"
#: In the folder for runtime data, what has a bound of its own: supervisord rotates logs, the broker compacts its file.
NOT_COUNTED = {"log", "valkey", "rabbit", "static"}

#: `rabbitmqctl` takes a second of CPU, so its answer is taken in each so many samples.
NAMES_EVERY = 12

#: Values by figure and name.
Sample = dict[str, dict[str, float]]


class Sampler:
    """Takes samples of a stack while `traffic` uses it. Django is set up with the stack's database."""

    def __init__(self, stack: Any, traffic: Traffic) -> None:
        self._stack, self._traffic = stack, traffic
        _, self._records = tables.counts()
        self._bytes = self._size()
        self._latencies = [0.0]
        self._taken = 0
        self._named: dict[str, float] = {}

    def take(self) -> Sample:
        found: Sample = defaultdict(dict)
        for name, process in self._processes():
            self._add(found, name, process)
        self._add_sessions(found)
        self._add_broker(found)
        found["rows"], kept = (dict(rows) for rows in tables.counts())
        placed = max(1, self._traffic.placed)
        found["orders"] = {name: (rows - self._records[name]) / placed for name, rows in kept.items()}
        found["size"] = {"database": (self._size() - self._bytes) / 1000 / placed}
        found["files"] = {"files": float(sum(1 for _ in self._files()))}
        self._latencies = self._traffic.latencies() or self._latencies
        found["disk"] = self._journals()
        found["latency"] = {f"an order, p{share}": percentile(self._latencies, share) for share in (10, 50, 95)}
        found["latency"] |= {"placed to booked parcel, p50": 1000 * _seconds_to_parcel()}
        return dict(found)

    # -- processes ----------------------------------------------------------------------------------------------------

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """Every process of the stack, children included, by the name of its kind."""
        kinds = {program.pid: program.name.removeprefix("worker-").split("-")[0] for program in self._stack.programs}
        server = getattr(self._stack.broker, "program", None)
        for pid, name in (kinds | ({server.pid: BROKER} if server else {})).items():
            with suppress(psutil.Error):
                parent = psutil.Process(pid)
                for process in (parent, *parent.children(recursive=True)):
                    yield name, process

    def _add(self, found: Sample, name: str, process: psutil.Process) -> None:
        with suppress(psutil.Error):
            memory = process.memory_full_info()
            values = {
                "memory": getattr(memory, "pss", memory.uss) / MIB,
                "handles": process.num_fds(),
                "threads": process.num_threads(),
            }
            for figure, value in values.items():
                found[figure][name] = found[figure].get(name, 0.0) + value

    # -- database -----------------------------------------------------------------------------------------------------

    def _add_sessions(self, found: Sample) -> None:
        """Those of PostgreSQL and their own memory; handles of the file on SQLite."""
        if self._stack.backend == "embedded":
            path = str(self._stack.database.path)
            files = [file.path for _, process in self._processes() for file in _open_files(process)]
            found["connections"]["SQLite"] = float(sum(file.startswith(path) for file in files))
            return
        pids = _rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        found["connections"]["PostgreSQL"] = float(len(pids))
        with suppress(psutil.Error):
            own = sum(psutil.Process(pid).memory_full_info().uss for (pid,) in pids)
            found["memory"]["PostgreSQL sessions"] = own / MIB

    def _size(self) -> float:
        if self._stack.backend == "embedded":
            folder = self._stack.database.path.parent
            return float(sum(path.stat().st_size for path in folder.glob("*.sqlite3")))
        return float(_rows("SELECT pg_database_size(current_database())")[0][0])

    # -- broker and folder --------------------------------------------------------------------------------------------

    def _add_broker(self, found: Sample) -> None:
        from config.celery import app
        from messaging.broker.inspect import depth
        from messaging.topology import topology

        servers = [process for name, process in self._processes() if name == BROKER]
        found["connections"][BROKER] = float(sum(map(_peers, servers)))
        with app.connection_for_read() as connection:
            found["broker"] = {f"messages of {queue}": float(depth(connection, queue)) for queue in topology().queues}
        if self._taken % NAMES_EVERY == 0:
            with suppress(subprocess.SubprocessError):  # on a busy machine, the tool may take minutes
                self._named = self._names()
        self._taken += 1
        found["broker"] |= self._named

    def _names(self) -> dict[str, float]:
        """Keys of Valkey, or queues of RabbitMQ."""
        if self._stack.backend == "production":
            return {"queues": float(len(self._stack.broker.control("list_queues", "name").split()))}
        import redis

        with closing(redis.Redis.from_url(self._stack.broker.url)) as client:
            return {"keys": float(client.dbsize())}

    def _journals(self) -> dict[str, float]:
        """Megabytes of the broker's files, and of SQLite's write-ahead log."""
        folder = self._stack.folder
        brokers = [path for name in ("valkey", "rabbit") for path in (folder / name).rglob("*")]
        found = {"broker": brokers, "write-ahead log": folder.glob("*.sqlite3-wal")}
        return {name: sum(map(_bytes, paths)) / 1e6 for name, paths in found.items()}

    def _files(self) -> Iterator[Path]:
        for path in self._stack.folder.iterdir():
            if path.name not in NOT_COUNTED:
                yield from (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
                if path.is_file():
                    yield path


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # it has been deleted meanwhile
        return 0


def _peers(process: psutil.Process) -> int:
    try:
        return sum(each.status == psutil.CONN_ESTABLISHED for each in process.net_connections("tcp"))
    except psutil.Error:
        return 0


def _open_files(process: psutil.Process) -> list[Any]:
    try:
        return list(process.open_files())
    except psutil.Error:
        return []


def _seconds_to_parcel() -> float:
    """Median of the ten newest parcels."""
    from orders.models import OrderEvent

    newest = OrderEvent.objects.filter(kind="shipped").order_by("-pk").values_list("at", "order__placed_at")[:10]
    return median([(booked - placed).total_seconds() for booked, placed in newest] or [0.0])


def _rows(statement: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
