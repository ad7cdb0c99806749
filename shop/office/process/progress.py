"""How far a set of orders is: on which step each stands."""

from collections import Counter
from collections.abc import Sequence

from django.db.models import Count
from django.utils.text import capfirst

from orders.models import Order, Status
from shop.office.process.definition import LINE


def orders_by_step(subjects: Sequence[str]) -> list[tuple[str, int]]:
    """Labels with numbers of orders, in the order of the process; subjects that are not orders do not count.

    One statement. The caller bounds `subjects`.
    """
    rows = Order.objects.filter(number__in=subjects).values_list("status").annotate(Count("pk")).order_by()
    counts: Counter[str] = Counter()
    for status, count in rows:
        counts[_label_of(Status(status))] += count
    if not counts:
        return []
    line = [*(str(step.label) for step in LINE), _label_of(Status.DELIVERED)]
    return [(label, counts.pop(label, 0)) for label in line] + sorted(counts.items())


def _label_of(status: Status) -> str:
    """The step at which an order in this status stands; where it ended otherwise, the status."""
    if status in (Status.CANCELLED, Status.REFUNDED, Status.DELIVERED):
        return capfirst(str(status.label))
    return str(next(step.label for step in LINE if status not in step.proves))
