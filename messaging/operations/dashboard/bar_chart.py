"""Bar chart of a queue's throughput. Whole numbers, since templates format fractions by locale."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from messaging.operations.dashboard.throughput import Slot

WIDTH, HEIGHT = 360, 60


@dataclass(frozen=True, slots=True)
class Bar:
    """Successes, with failures stacked on top: each the upper edge and height of a rectangle."""

    x: int
    width: int
    done_y: int
    done_height: int
    failed_y: int
    failed_height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Total `done` messages and `failed` attempts; `peak` is the most of both in one slot, `rate` is in percent."""

    bars: tuple[Bar, ...]
    done: int
    failed: int
    peak: int
    rate: float
    since: datetime
    width: int = WIDTH
    height: int = HEIGHT


def chart(slots: Sequence[Slot]) -> Chart:
    """A chart of `slots`, oldest first, scaled to its peak."""
    done, failed = sum(slot.done for slot in slots), sum(slot.failed for slot in slots)
    peak = max((slot.done + slot.failed for slot in slots), default=0)
    step = WIDTH // max(1, len(slots))
    bars = (_bar(slot, x=number * step, width=max(1, step - 1), peak=peak) for number, slot in enumerate(slots))
    return Chart(
        bars=tuple(bar for bar in bars if bar.done_height or bar.failed_height),
        done=done,
        failed=failed,
        peak=peak,
        rate=100 * failed / (done + failed) if done + failed else 0.0,
        since=slots[0].at,
    )


def _bar(slot: Slot, *, x: int, width: int, peak: int) -> Bar:
    done, failed = _height(slot.done, peak), _height(slot.failed, peak)
    return Bar(x, width, HEIGHT - done, done, HEIGHT - done - failed, failed)


def _height(value: int, peak: int) -> int:
    """At least two units for any value above 0, so that one failure among thousands is visible."""
    return max(2, value * (HEIGHT - 2) // peak) if value else 0
