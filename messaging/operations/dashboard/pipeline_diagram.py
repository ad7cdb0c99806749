"""Where does each part of the pipeline stand in its picture, and which numbers does it bear?"""

from collections.abc import Sequence
from dataclasses import dataclass

from messaging.broker.queue_status import QueueRow
from messaging.topology import topology

WIDTH = 980
TOP, ROW, BOX = 34, 84, 64
LEDGER, EXCHANGE, QUEUE, WORKERS, DEAD = (10, 150), (208, 132), (398, 196), (652, 146), (856, 114)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `middle` and `center` are the halves of its height and width, as places in the picture."""

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
    """One queue's row: its binding, queue, workers and dead letters. Ways are the `d` of an SVG path."""

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
    """The picture as a whole. `waiting` and `scheduled` are the sums over all queues, as they stand in the ledger."""

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
        path_ledger=_way(ledger, exchange),
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
        path_in=_way(exchange, queue),
        path_out=_way(queue, workers),
        path_dead=_way(workers, dead),
    )


def _way(start: Box, end: Box) -> str:
    """A curve from the right edge of one box to the left edge of another, with room for the arrow's head."""
    half = (start.right + end.x) // 2
    return f"M{start.right} {start.middle} C{half} {start.middle} {half} {end.middle} {end.x - 7} {end.middle}"
