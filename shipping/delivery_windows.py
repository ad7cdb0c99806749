"""Delivery windows, counted in working days (Monday to Friday) in the shop's TIME_ZONE."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeliveryWindow:
    """The first and last day on which a parcel is expected to arrive."""

    earliest: date
    latest: date


def delivery_window(*, days: tuple[int, int], ready_at: datetime) -> DeliveryWindow:
    """The window of a parcel that takes from `days[0]` to `days[1]` working days.

    A parcel that is ready at `ready_at` (aware) leaves the same day if that is before the cut-off hour. Public holidays
    are not taken into account.
    """
    leaves = _departure_day(timezone.localtime(ready_at, timezone.get_default_timezone()))
    return DeliveryWindow(earliest=_working_days_after(leaves, days[0]), latest=_working_days_after(leaves, days[1]))


def _departure_day(ready: datetime) -> date:
    in_time = ready.hour < settings.SHIPPING_CUTOFF_HOUR
    if in_time and ready.weekday() < _SATURDAY:
        return ready.date()
    return _working_days_after(ready.date(), 1)


def _working_days_after(day: date, count: int) -> date:
    while count > 0:
        day += _ONE_DAY
        count -= day.weekday() < _SATURDAY
    return day
