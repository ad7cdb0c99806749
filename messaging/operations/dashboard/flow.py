"""Flow control in words: what a queue has in flight, what waits behind it, and when it will be drained."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.models.backlog import COUNTED
from messaging.operations.dashboard.queue_status import QueueRow

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def flow(row: QueueRow) -> str:
    """Such as "12 of 1,000 in flight, 340 waiting in the ledger, drained in about 4 min"."""
    numbers = {
        "in_flight": number_format(row.in_flight, force_grouping=True),
        "limit": number_format(row.in_flight_limit, force_grouping=True),
        "waiting": counted(row.waiting),
    }
    text = _("%(in_flight)s of %(limit)s in flight, %(waiting)s waiting in the ledger") % numbers
    return f"{text}, {tail}" if (tail := _tail(row)) else text


def counted(number: int) -> str:
    """`1,234`, or `100,000+` where counting ended."""
    text = number_format(number, force_grouping=True)
    return f"{text}+" if number >= COUNTED else text


def drained_in(row: QueueRow) -> str:
    """`4 min`; `> 5 h` if not all that waits was counted; a dash if there is nothing to drain or no rate is known."""
    if not row.drained_in_seconds:
        return "–"
    return about(row.drained_in_seconds) if row.is_counted else f"> {about(row.drained_in_seconds)}"


def about(seconds: float) -> str:
    """`30 s`, `4 min`, `5 h` or `3 days`."""
    if seconds < _MINUTE:
        return _("%(number)s s") % {"number": max(1, round(seconds))}
    if seconds < 2 * _HOUR:
        return _("%(number)s min") % {"number": round(seconds / _MINUTE)}
    if seconds < 2 * _DAY:
        return _("%(number)s h") % {"number": round(seconds / _HOUR)}
    days = round(seconds / _DAY)
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": number_format(days, force_grouping=True)}


def _tail(row: QueueRow) -> str:
    if row.paused or not row.consumers or not (row.waiting or row.in_flight):
        return ""
    if row.drained_in_seconds is None:
        return _("none finished in the last minutes")
    text = _("drained in about %(time)s") if row.is_counted else _("drained in more than %(time)s")
    return text % {"time": about(row.drained_in_seconds)}
