"""Filters of the failure lists. The facets show counts within everything else that is selected."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.operations.failures import facets
from messaging.operations.failures.groups import needing_attention
from messaging.operations.failures.search import AGES, STATES, aged, failures, search
from messaging.operations.models import GroupState
from messaging.transitions.failure import short

_MAX_CHOICES = 30
_STATE_LABELS = {
    "dead": _("dead"),
    "again": _("failed again"),
    "quarantined": _("quarantined"),
    "waiting": _("pending"),
    "sent": _("sent"),
    "succeeded": _("succeeded"),
    "discarded": _("discarded"),
    "all": _("all"),
}
_AGE_LABELS = {
    "hour": _("last hour"),
    "day": _("last 24 hours"),
    "week": _("last 7 days"),
    "month": _("last 30 days"),
    "older": _("older than 7 days"),
}
#: Shortcuts: label, first day as days before today, length in days.
_RANGES = ((_("today"), 0, 1), (_("yesterday"), 1, 1), (_("7 days"), 6, 7), (_("30 days"), 29, 30))


class StateFilter(admin.SimpleListFilter):
    """Dead tasks by default; also those that were retried, discarded or have succeeded since."""

    title = _("state")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(_STATE_LABELS.items())

    def choices(self, changelist: ChangeList) -> Any:
        selected = self.value() or "dead"
        for lookup, title in self.lookup_choices:
            yield {
                "selected": selected == lookup,
                "query_string": changelist.get_query_string({self.parameter_name: lookup}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return _in_state(queryset, self.value() or "")


class _CountedFilter(admin.SimpleListFilter):
    """A facet with a count beside each value, counted once for all facets of a request."""

    parameter_name: str
    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        counts = facets_of(request).counts(self.column)
        values = [value for value, _count in counts.most_common(_MAX_CHOICES)]
        selected = request.GET.get(self.parameter_name, "")
        if selected and selected not in values:
            values.append(selected)
        return [(value, f"{self.label(request, value)} ({counts[value]})") for value in values if value]

    def label(self, request: HttpRequest, value: str) -> str:
        return value

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class QueueFilter(_CountedFilter):
    title = _("queue")
    parameter_name = column = "queue"


class TaskFilter(_CountedFilter):
    title = _("task")
    parameter_name = column = "task"


class ErrorFilter(_CountedFilter):
    title = _("error")
    parameter_name = column = "error_type"

    def label(self, request: HttpRequest, value: str) -> str:
        return short(value)


class GroupFilter(_CountedFilter):
    title = _("group")
    parameter_name = "group"
    column = "fingerprint"

    def label(self, request: HttpRequest, value: str) -> str:
        rows = facets_of(request).rows
        return next((_group_name(row) for row in rows if row["fingerprint"] == value), value)


class GroupStateFilter(admin.SimpleListFilter):
    """Groups that need attention by default."""

    title = _("state")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("attention", _("needs attention")), *GroupState.choices, ("all", _("all"))]

    def choices(self, changelist: ChangeList) -> Any:
        selected = self.value() or "attention"
        for lookup, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: lookup})
            yield {"selected": selected == lookup, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        selected = self.value() or "attention"
        if selected == "attention":
            return needing_attention()
        return queryset.filter(state=selected) if selected in GroupState.values else queryset


class AgeFilter(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(_AGE_LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        age = self.value() or ""
        return aged(queryset, age) if age in AGES else queryset


class DateRangeFilter(admin.ListFilter):
    """An inclusive range of days, such as the window of an outage."""

    title = _("date")
    template = "admin/operations/date_range_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return ["from", "to"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return _between(queryset, *(str(self.used_parameters.get(name, "")) for name in ("from", "to")))

    def choices(self, changelist: ChangeList) -> Any:
        """A single choice: the form's values, and the other parameters that it must keep."""
        others = [(key, value) for key, value in changelist.params.items() if key not in ("from", "to", "p")]
        yield {
            "from": self.used_parameters.get("from", ""),
            "to": self.used_parameters.get("to", ""),
            "others": [(key, value[-1] if isinstance(value, list) else value) for key, value in others],
            "query_string": changelist.get_query_string(remove=["from", "to"]),
            "ranges": [self._range(changelist, *one) for one in _RANGES],
            "selected": bool(self.used_parameters),
        }

    def _range(self, changelist: ChangeList, label: Any, back: int, days: int) -> dict[str, Any]:
        first = timezone.localdate() - timedelta(days=back)
        target = {"from": first.isoformat(), "to": (first + timedelta(days=days - 1)).isoformat()}
        current = {name: self.used_parameters.get(name) for name in target}
        return {"label": label, "query_string": changelist.get_query_string(target), "selected": current == target}


def _in_state(rows: QuerySet[Any], state: str) -> QuerySet[Any]:
    condition = STATES.get(state or "dead")
    return rows.filter(condition()) if condition is not None else rows


def _between(rows: QuerySet[Any], first: str, last: str) -> QuerySet[Any]:
    """Rows that died from one day to another, inclusive. A value that is not a date is ignored."""
    begin, end = _day(first), _day(last)
    if begin:
        rows = rows.filter(finished_at__gte=begin)
    return rows.filter(finished_at__lt=end + timedelta(days=1)) if end else rows


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def count(request: HttpRequest, rows: QuerySet[Any]) -> int | None:
    """How many failures match, capped at `facets.AT_MOST`; None if the facets cannot tell."""
    if not set(request.GET) <= _KNOWN_PARAMETERS:
        return None
    found = facets_of(request)
    return rows.order_by()[: facets.AT_MOST].count() if found.capped else found.total


def facets_of(request: HttpRequest) -> facets.Facets:
    """Cached on the request, so that four facets cost one statement."""
    found: facets.Facets | None = getattr(request, "_messaging_facets", None)
    if found is None:
        found = _count_facets(request, {one.column: request.GET.get(one.parameter_name, "") for one in _FACETS})
        request._messaging_facets = found  # type: ignore[attr-defined]
    return found


def _count_facets(request: HttpRequest, chosen: dict[str, str]) -> facets.Facets:
    """Counts within all other filters. Without any, the groups' counters answer and the ledger is not read."""
    state, age, words, first, last = (request.GET.get(name, "") for name in ("is", "age", "q", "from", "to"))
    if state in ("", "dead") and not (age in AGES or words or _day(first) or _day(last)):
        return facets.all_dead(chosen)
    rows = _between(_in_state(failures(), state), first, last)
    rows = search(aged(rows, age) if age in AGES else rows, words)
    return facets.among_some(rows, chosen) if words else facets.among(rows, chosen)


def _group_name(row: dict[str, Any]) -> str:
    return f"{short(row['error_type'])} · {row['task'] or '?'}"


_FACETS = (QueueFilter, TaskFilter, ErrorFilter, GroupFilter)
#: Parameters that the facets' counts take into account, or that only change how the list is displayed.
_KNOWN_PARAMETERS = {"is", "age", "from", "to", "q", "p", "o", "all", *(one.parameter_name for one in _FACETS)}
