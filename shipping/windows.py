"""On which days does a parcel arrive? Counted in working days, Monday to Friday, by the clock of TIME_ZONE."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last day on which a parcel should arrive."""

    earliest: date
    latest: date


def window(*, days: tuple[int, int], ready_at: datetime) -> Window:
    """`days` are the first and the last working day after the one on which the parcel leaves.

    What is ready at `ready_at` (aware) leaves the same day before the cut-off hour. Public holidays are not known.
    """
    leaves = _leaves_on(timezone.localtime(ready_at, timezone.get_default_timezone()))
    return Window(earliest=_working_days_after(leaves, days[0]), latest=_working_days_after(leaves, days[1]))


def _leaves_on(ready: datetime) -> date:
    in_time = ready.hour < settings.SHIPPING_CUTOFF_HOUR
    if in_time and ready.weekday() < _SATURDAY:
        return ready.date()
    return _working_days_after(ready.date(), 1)


def _working_days_after(day: date, count: int) -> date:
    while count > 0:
        day += _ONE_DAY
        count -= day.weekday() < _SATURDAY
    return day
