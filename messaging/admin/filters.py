"""By which facets is the list of failures narrowed? Their counts come from the groups, not from the ledger."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.desk.search import AGES, STATES, aged
from messaging.failures import short
from messaging.models import FailureGroup

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
_AGE_WORDS = {"hour": _("the last hour"), "day": _("the last day"), "week": _("the last week"), "older": _("older")}


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
        meaning = STATES.get(self.value() or "dead")
        return queryset.filter(meaning) if meaning is not None else queryset


class _GroupedFilter(admin.SimpleListFilter):
    """A facet whose values and counts are columns of the groups, read once for all facets of a request."""

    parameter_name: str
    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        counts: Counter[str] = Counter()
        for row in _dead_groups(request):
            counts[row[self.column]] += row["dead_count"]
        chosen = request.GET.get(self.parameter_name, "")
        if chosen and chosen not in counts:
            counts[chosen] = 0
        return [(value, f"{self.shown(value)} ({count})") for value, count in counts.most_common(_CHOICES) if value]

    def shown(self, value: str) -> str:
        return value

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class QueueFilter(_GroupedFilter):
    title = _("queue")
    parameter_name = column = "queue"


class TaskFilter(_GroupedFilter):
    title = _("task")
    parameter_name = column = "task"


class ErrorFilter(_GroupedFilter):
    title = _("error")
    parameter_name = column = "error_type"

    def shown(self, value: str) -> str:
        return short(value)


class GroupFilter(_GroupedFilter):
    title = _("group")
    parameter_name = "group"
    column = "fingerprint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        groups = sorted(_dead_groups(request), key=lambda row: -row["dead_count"])
        chosen = request.GET.get(self.parameter_name, "")
        rows = [row for row in groups[:_CHOICES] if row["fingerprint"] != chosen]
        named = [(row["fingerprint"], f"{_name(row)} ({row['dead_count']})") for row in rows]
        mine = next((f"{_name(row)} ({row['dead_count']})" for row in groups if row["fingerprint"] == chosen), chosen)
        return ([(chosen, mine)] if chosen else []) + named


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
    template = "admin/messaging/date_range_filter.html"

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
        first, last = self._day("from"), self._day("to")
        if first:
            queryset = queryset.filter(finished_at__gte=first)
        if last:
            queryset = queryset.filter(finished_at__lt=last + timedelta(days=1))
        return queryset

    def choices(self, changelist: ChangeList) -> Any:
        """One "choice": the form's values, and the parameters that must come along."""
        others = [(key, value) for key, value in changelist.params.items() if key not in ("from", "to", "p")]
        yield {
            "from": self.used_parameters.get("from", ""),
            "to": self.used_parameters.get("to", ""),
            "others": [(key, value[-1] if isinstance(value, list) else value) for key, value in others],
            "query_string": changelist.get_query_string(remove=["from", "to"]),
            "selected": bool(self.used_parameters),
        }

    def _day(self, name: str) -> datetime | None:
        try:
            day = date.fromisoformat(str(self.used_parameters.get(name, "")))
        except ValueError:
            return None
        return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def _dead_groups(request: HttpRequest) -> list[dict[str, Any]]:
    """Kept on the request, so that five facets cost one statement."""
    rows: Any = getattr(request, "_messaging_groups", None)
    if rows is None:
        rows = list(
            FailureGroup.objects.filter(dead_count__gt=0)
            .order_by("-dead_count")
            .values("fingerprint", "queue", "task", "error_type", "dead_count")[:1000]
        )
        request._messaging_groups = rows  # type: ignore[attr-defined]
    return list(rows)


def _name(row: dict[str, Any]) -> str:
    return f"{short(row['error_type'])} · {row['task'] or '?'}"
