"""Layout of the pipeline diagram: ledger, exchange, and each queue with its workers and dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass

from messaging.operations.dashboard.queue_status import QueueRow
from messaging.topology import topology

WIDTH = 980
TOP, ROW, BOX = 34, 84, 64
LEDGER, EXCHANGE, QUEUE, WORKERS, DEAD = (10, 150), (208, 132), (398, 196), (652, 146), (856, 114)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, with the coordinates of its `middle` (vertical), `center` (horizontal) and `right` edge."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    @property
    def center(self) -> int:
        return self.x + self.width // 2

    @property
    def right(self) -> int:
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Lane:
    """One queue's row: binding, queue, workers and dead letters. Paths are the `d` attribute of an SVG path."""

    row: QueueRow
    binding: str
    queue: Box
    workers: Box
    dead: Box
    path_in: str
    path_out: str
    path_dead: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The whole diagram. `waiting` and `scheduled` are the ledger's sums over all queues."""

    width: int
    height: int
    ledger: Box
    exchange: Box
    exchange_name: str
    path_ledger: str
    lanes: tuple[Lane, ...]
    waiting: int
    scheduled: int


def pipeline(rows: Sequence[QueueRow]) -> Pipeline:
    height = TOP + ROW * len(rows)
    middle = TOP + (ROW * len(rows) - (ROW - BOX)) // 2
    ledger = Box(LEDGER[0], middle - 46, LEDGER[1], 92)
    exchange = Box(EXCHANGE[0], middle - 36, EXCHANGE[1], 72)
    return Pipeline(
        width=WIDTH,
        height=height,
        ledger=ledger,
        exchange=exchange,
        exchange_name=topology().exchange,
        path_ledger=_path(ledger, exchange),
        lanes=tuple(_lane(row, TOP + ROW * number, exchange) for number, row in enumerate(rows)),
        waiting=sum(row.waiting for row in rows),
        scheduled=sum(row.scheduled for row in rows),
    )


def _lane(row: QueueRow, y: int, exchange: Box) -> Lane:
    queue, workers, dead = (Box(x, y, width, BOX) for x, width in (QUEUE, WORKERS, DEAD))
    return Lane(
        row=row,
        binding=topology().queues[row.name],
        queue=queue,
        workers=workers,
        dead=dead,
        path_in=_path(exchange, queue),
        path_out=_path(queue, workers),
        path_dead=_path(workers, dead),
    )


def _path(start: Box, end: Box) -> str:
    """A curve from the right edge of one box to the left edge of another, with room for the arrow's head."""
    half = (start.right + end.x) // 2
    return f"M{start.right} {start.middle} C{half} {start.middle} {half} {end.middle} {end.x - 7} {end.middle}"
