"""Layout of the pipeline diagram: ledger, exchange, and each queue with its workers and dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass

from messaging.operations.dashboard.queue_status import QueueRow
from messaging.topology import topology

ROW, BOX = 84, 64
Span = tuple[int, int]


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
class Layout:
    """Left edge and width of each kind of box, and the top of the lanes. On phones, ledger and exchange are above."""

    name: str
    width: int
    top: int
    ledger: Span
    exchange: Span
    queue: Span
    workers: Span
    dead: Span


WIDE = Layout("wide", 980, 34, (10, 150), (208, 132), (398, 196), (652, 146), (856, 114))
TALL = Layout("tall", 360, 156, (24, 140), (212, 132), (24, 128), (166, 112), (292, 66))


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

    layout: Layout
    height: int
    ledger: Box
    exchange: Box
    exchange_name: str
    path_ledger: str
    lanes: tuple[Lane, ...]
    waiting: int
    scheduled: int

    @property
    def lanes_caption(self) -> int:
        return self.layout.top - 16 if self.layout is WIDE else self.layout.top - 8


def pipeline(rows: Sequence[QueueRow], layout: Layout = WIDE) -> Pipeline:
    lanes = ROW * len(rows)
    middle = layout.top + (lanes - (ROW - BOX)) // 2 if layout is WIDE else 72
    ledger = Box(layout.ledger[0], middle - 46, layout.ledger[1], 92)
    exchange = Box(layout.exchange[0], middle - 36, layout.exchange[1], 72)
    return Pipeline(
        layout=layout,
        height=layout.top + lanes,
        ledger=ledger,
        exchange=exchange,
        exchange_name=topology().exchange,
        path_ledger=_path(ledger, exchange),
        lanes=tuple(_lane(row, layout.top + ROW * number, exchange, layout) for number, row in enumerate(rows)),
        waiting=sum(row.waiting for row in rows),
        scheduled=sum(row.scheduled for row in rows),
    )


def _lane(row: QueueRow, y: int, exchange: Box, layout: Layout) -> Lane:
    queue, workers, dead = (Box(x, y, width, BOX) for x, width in (layout.queue, layout.workers, layout.dead))
    return Lane(
        row=row,
        binding=topology().queues[row.name],
        queue=queue,
        workers=workers,
        dead=dead,
        path_in=_path(exchange, queue) if layout is WIDE else _path_down(exchange, queue),
        path_out=_path(queue, workers),
        path_dead=_path(workers, dead),
    )


def _path(start: Box, end: Box) -> str:
    """A curve from the right edge of one box to the left edge of another, with room for the arrow's head."""
    half = (start.right + end.x) // 2
    return f"M{start.right} {start.middle} C{half} {start.middle} {half} {end.middle} {end.x - 7} {end.middle}"


def _path_down(start: Box, end: Box) -> str:
    """From the bottom of one box to the left edge of another, along the left margin."""
    return f"M{start.center} {start.y + start.height} v18 H8 V{end.middle} H{end.x - 7}"
