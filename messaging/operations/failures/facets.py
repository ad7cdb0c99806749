"""How many failures has each queue, task, error and group, within everything else that the list is narrowed by?

One statement for all facets: it counts by all four columns at once, and a facet sums up what fits the other three.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from messaging.operations.models import FailureGroup

COLUMNS = ("queue", "task", "error_type", "fingerprint")
#: A page shows a few dozen values; more combinations than this are not told apart.
_MOST = 2000
#: So many of the failures in which a word was found are counted: a word that all of them share costs no more.
AT_MOST = 2000


@dataclass(frozen=True)
class Facets:
    """`rows` count by all of `COLUMNS`; `chosen` says which value of a column is asked for. `exact`: they are of all
    that the list has, not from the rollup of its groups. `capped`: of no more than `AT_MOST`, and there are more."""

    rows: list[dict[str, Any]]
    chosen: Mapping[str, str]
    exact: bool = True
    capped: bool = False

    def counts(self, column: str) -> Counter[str]:
        """By the values of one column, as far as the others fit; what is chosen itself is there even where it is 0."""
        counts: Counter[str] = Counter()
        for row in self.within_others(column):
            counts[row[column]] += row["count"]
        if self.chosen.get(column):
            counts.setdefault(self.chosen[column], 0)
        return counts

    @property
    def total(self) -> int | None:
        """How many messages the list has, so that it need not count them again; None where the counts do not tell."""
        if not self.exact or len(self.rows) >= _MOST:
            return None
        wanted = [(name, value) for name, value in self.chosen.items() if value]
        return sum(row["count"] for row in self.rows if all(row[name] == value for name, value in wanted))

    def within_others(self, column: str) -> Iterable[dict[str, Any]]:
        others = [(name, value) for name, value in self.chosen.items() if value and name != column]
        return (row for row in self.rows if all(row[name] == value for name, value in others))


def all_dead(chosen: Mapping[str, str]) -> Facets:
    """For the list that nothing else narrows: the groups know, and the ledger is not counted."""
    groups = FailureGroup.objects.filter(dead_count__gt=0).order_by("-dead_count")
    rows = [{**row, "count": row["dead_count"]} for row in groups.values(*COLUMNS, "dead_count")[:_MOST]]
    return Facets(rows, chosen, exact=False)


def among(rows: QuerySet[Any], chosen: Mapping[str, str]) -> Facets:
    """Of these messages."""
    counted = rows.order_by().values(*COLUMNS).annotate(count=Count("*")).order_by("-count")[:_MOST]
    return Facets(list(counted), chosen)


def among_some(rows: QuerySet[Any], chosen: Mapping[str, str]) -> Facets:
    """Of these messages, in which a word was found, but of no more than `AT_MOST`."""
    some = Counter(rows.order_by().values_list(*COLUMNS)[: AT_MOST + 1])
    counted = [dict(zip(COLUMNS, values, strict=True)) | {"count": count} for values, count in some.most_common()]
    capped = some.total() > AT_MOST
    return Facets(counted, chosen, exact=not capped, capped=capped)
