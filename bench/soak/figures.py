"""What a soak measures: each figure with its unit and the bound of its growth."""

from dataclasses import dataclass

from bench.soak.judge import Bound


@dataclass(frozen=True, slots=True)
class Figure:
    """`title` is that of its picture, in which each line is one process, table or queue."""

    title: str
    unit: str
    bound: Bound
    is_log: bool = False


FIGURES = {
    "memory": Figure("Memory of each process", "MiB, shared pages divided", Bound(0.10, 10)),
    "handles": Figure("Open file handles", "handles", Bound(0.10, 5)),
    "threads": Figure("Threads", "threads", Bound(0.10, 3)),
    "connections": Figure("Connections to database and broker", "connections", Bound(0.10, 3)),
    "broker": Figure("Messages, queues and keys of the broker", "count", Bound(0.20, 20)),
    "rows": Figure("Rows of tables with retention", "rows", Bound(0.20, 50), is_log=True),
    "orders": Figure("Rows that are kept, for each order placed", "rows an order", Bound(0.10, 0.2), is_log=True),
    "size": Figure("Size of the database, for each order placed", "kB an order", Bound(0.10, 1)),
    "files": Figure("Files in the folder for runtime data", "files", Bound(0.10, 5)),
    # A broker rewrites its journal once it exceeds 64 MB.
    "disk": Figure("Disk space of journals", "MB", Bound(0.10, 80)),
    # Whatever else the machine does moves latencies most.
    "latency": Figure("Latency", "ms", Bound(1.0, 1000)),
}
