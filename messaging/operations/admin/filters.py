"""By which facets is the list of failures narrowed? Each counts within all that is chosen besides."""

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

_CHOICES = 30
_STATE_WORDS = {
    "dead": _("dead"),
    "again": _("failed again"),
    "waiting": _("waiting to be sent"),
    "sent": _("sent"),
    "succeeded": _("succeeded"),
    "discarded": _("discarded"),
    "all": _("all of these"),
}
_AGE_WORDS = {
    "hour": _("the last hour"),
    "day": _("the last day"),
    "week": _("the last week"),
    "month": _("the last 30 days"),
    "older": _("older than a week"),
}
#: Quick ways to a range: so many days back, and for how many days.
_RANGES = ((_("today"), 0, 1), (_("yesterday"), 1, 1), (_("7 days"), 6, 7), (_("30 days"), 29, 30))


class StateFilter(admin.SimpleListFilter):
    """The dead ones, unless another state is asked for; what became of a failure stays findable."""

    title = _("state")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(_STATE_WORDS.items())

    def choices(self, changelist: ChangeList) -> Any:
        wanted = self.value() or "dead"
        for lookup, title in self.lookup_choices:
            yield {
                "selected": wanted == lookup,
                "query_string": changelist.get_query_string({self.parameter_name: lookup}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return _in_state(queryset, self.value() or "")


class _CountedFilter(admin.SimpleListFilter):
    """A facet with a count beside each value, made once for all facets of a request."""

    parameter_name: str
    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        counts = facets_of(request).counts(self.column)
        shown = [value for value, _count in counts.most_common(_CHOICES)]
        chosen = request.GET.get(self.parameter_name, "")
        if chosen and chosen not in shown:
            shown.append(chosen)
        return [(value, f"{self.shown(request, value)} ({counts[value]})") for value in shown if value]

    def shown(self, request: HttpRequest, value: str) -> str:
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

    def shown(self, request: HttpRequest, value: str) -> str:
        return short(value)


class GroupFilter(_CountedFilter):
    title = _("group")
    parameter_name = "group"
    column = "fingerprint"

    def shown(self, request: HttpRequest, value: str) -> str:
        rows = facets_of(request).rows
        return next((_name(row) for row in rows if row["fingerprint"] == value), value)


class GroupStateFilter(admin.SimpleListFilter):
    """What needs somebody, unless something else is asked for."""

    title = _("state")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("attention", _("needs attention")), *GroupState.choices, ("all", _("all"))]

    def choices(self, changelist: ChangeList) -> Any:
        wanted = self.value() or "attention"
        for lookup, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: lookup})
            yield {"selected": wanted == lookup, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value() or "attention"
        if wanted == "attention":
            return needing_attention()
        return queryset.filter(state=wanted) if wanted in GroupState.values else queryset


class AgeFilter(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(_AGE_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        age = self.value() or ""
        return aged(queryset, age) if age in AGES else queryset


class DateRangeFilter(admin.ListFilter):
    """From one day to another, both included, such as the window of an outage."""

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
        """One "choice": the form's values, and the parameters that must come along."""
        others = [(key, value) for key, value in changelist.params.items() if key not in ("from", "to", "p")]
        yield {
            "from": self.used_parameters.get("from", ""),
            "to": self.used_parameters.get("to", ""),
            "others": [(key, value[-1] if isinstance(value, list) else value) for key, value in others],
            "query_string": changelist.get_query_string(remove=["from", "to"]),
            "ranges": [self._range(changelist, *one) for one in _RANGES],
            "selected": bool(self.used_parameters),
        }

    def _range(self, changelist: ChangeList, word: Any, back: int, days: int) -> dict[str, Any]:
        first = timezone.localdate() - timedelta(days=back)
        wanted = {"from": first.isoformat(), "to": (first + timedelta(days=days - 1)).isoformat()}
        chosen = {name: self.used_parameters.get(name) for name in wanted}
        return {"word": word, "query_string": changelist.get_query_string(wanted), "selected": chosen == wanted}


def _in_state(rows: QuerySet[Any], state: str) -> QuerySet[Any]:
    meaning = STATES.get(state or "dead")
    return rows.filter(meaning) if meaning is not None else rows


def _between(rows: QuerySet[Any], first: str, last: str) -> QuerySet[Any]:
    """From one day to another, both included; what is no day does not narrow."""
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
    """How many failures the list has, where the facets know, or as many as are counted at most; None: count them."""
    if not set(request.GET) <= _KNOWN:
        return None
    found = facets_of(request)
    return rows.order_by()[: facets.AT_MOST].count() if found.capped else found.total


def facets_of(request: HttpRequest) -> facets.Facets:
    """Kept on the request, so that four facets cost one statement."""
    found: facets.Facets | None = getattr(request, "_messaging_facets", None)
    if found is None:
        found = _counted(request, {one.column: request.GET.get(one.parameter_name, "") for one in _COUNTED})
        request._messaging_facets = found  # type: ignore[attr-defined]
    return found


def _counted(request: HttpRequest, chosen: dict[str, str]) -> facets.Facets:
    """Within all that narrows the list but the facets themselves; where nothing does, the ledger is not asked."""
    state, age, words, first, last = (request.GET.get(name, "") for name in ("is", "age", "q", "from", "to"))
    if state in ("", "dead") and not (age in AGES or words or _day(first) or _day(last)):
        return facets.all_dead(chosen)
    rows = _between(_in_state(failures(), state), first, last)
    rows = search(aged(rows, age) if age in AGES else rows, words)
    return facets.among_some(rows, chosen) if words else facets.among(rows, chosen)


def _name(row: dict[str, Any]) -> str:
    return f"{short(row['error_type'])} · {row['task'] or '?'}"


_COUNTED = (QueueFilter, TaskFilter, ErrorFilter, GroupFilter)
#: What the facets take into account, and what changes no more than how the list is shown.
_KNOWN = {"is", "age", "from", "to", "q", "p", "o", "all", *(one.parameter_name for one in _COUNTED)}
