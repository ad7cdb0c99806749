"""Facet counts of the failure list: by queue, task, error and group, each within the other filters.

One statement counts by all four columns at once; each facet sums the rows that match the other three.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from messaging.operations.models import FailureGroup

COLUMNS = ("queue", "task", "error_type", "fingerprint")
#: A page shows a few dozen values; combinations beyond this many are left out.
_MAX_COMBINATIONS = 2000
#: Of the failures that match a search, at most this many are counted, so that a common word costs no more.
AT_MOST = 2000


@dataclass(frozen=True)
class Facets:
    """`rows` count by all of `COLUMNS`; `chosen` maps a column to the selected value. `exact`: counted from messages,
    not from the group counters. `capped`: only the first `AT_MOST` were counted."""

    rows: list[dict[str, Any]]
    chosen: Mapping[str, str]
    exact: bool = True
    capped: bool = False

    def counts(self, column: str) -> Counter[str]:
        """Counts by the values of one column, within the other filters. The selected value is listed even at 0."""
        counts: Counter[str] = Counter()
        for row in self.within_others(column):
            counts[row[column]] += row["count"]
        if self.chosen.get(column):
            counts.setdefault(self.chosen[column], 0)
        return counts

    @property
    def total(self) -> int | None:
        """How many messages the list has, which saves counting them again; None if the counts cannot say."""
        if not self.exact or len(self.rows) >= _MAX_COMBINATIONS:
            return None
        wanted = [(name, value) for name, value in self.chosen.items() if value]
        return sum(row["count"] for row in self.rows if all(row[name] == value for name, value in wanted))

    def within_others(self, column: str) -> Iterable[dict[str, Any]]:
        others = [(name, value) for name, value in self.chosen.items() if value and name != column]
        return (row for row in self.rows if all(row[name] == value for name, value in others))


def all_dead(chosen: Mapping[str, str]) -> Facets:
    """Facets of all dead messages, from the group counters without counting the ledger."""
    groups = FailureGroup.objects.filter(dead_count__gt=0).order_by("-dead_count")
    rows = [{**row, "count": row["dead_count"]} for row in groups.values(*COLUMNS, "dead_count")[:_MAX_COMBINATIONS]]
    return Facets(rows, chosen, exact=False)


def among(rows: QuerySet[Any], chosen: Mapping[str, str]) -> Facets:
    """Facets of these messages."""
    counted = rows.order_by().values(*COLUMNS).annotate(count=Count("*")).order_by("-count")[:_MAX_COMBINATIONS]
    return Facets(list(counted), chosen)


def among_some(rows: QuerySet[Any], chosen: Mapping[str, str]) -> Facets:
    """Facets of at most `AT_MOST` of these messages."""
    some = list(rows.order_by().values_list(*COLUMNS)[: AT_MOST + 1])
    capped = len(some) > AT_MOST
    counts = Counter(some[:AT_MOST]).most_common()
    counted = [dict(zip(COLUMNS, values, strict=True)) | {"count": count} for values, count in counts]
    return Facets(counted, chosen, exact=not capped, capped=capped)
