"""Invariants of the desk."""

from collections.abc import Iterator

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from messaging.invariants import Feed, Scope, invariant
from messaging.models import Attempt, Message
from messaging.operations.models import AuditEntry, FailureGroup

#: Messages join a group with a failed attempt, and leave it by an operator's action.
GROUPS = Scope(
    "failure groups",
    FailureGroup.objects.all(),
    (Feed(Attempt.objects.all(), key="fingerprint"), Feed(AuditEntry.objects.all(), key="group")),
)


@invariant("each failure group counts its dead messages", over=GROUPS)
def groups_count_right(groups: QuerySet[FailureGroup]) -> Iterator[str]:
    """One statement, so that a concurrent change does not look like a violation."""
    alike = Message.objects.dead().filter(fingerprint=OuterRef("pk")).order_by()
    actual = Subquery(alike.values("fingerprint").annotate(count=Count("id")).values("count"))
    wrong = groups.annotate(actual=Coalesce(actual, 0)).exclude(dead_count=F("actual"))
    for group in wrong.order_by("pk")[:50]:
        yield f"{group.pk} counts {group.dead_count}, but {group.actual} are dead"
