"""Invariants of the desk."""

from collections.abc import Iterator

from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from messaging.invariants import invariant
from messaging.models import Message
from messaging.operations.models import FailureGroup


@invariant("each failure group counts its dead messages")
def groups_count_right() -> Iterator[str]:
    """One statement, so that a concurrent change does not look like a violation."""
    alike = Message.objects.dead().filter(fingerprint=OuterRef("pk")).order_by()
    actual = Subquery(alike.values("fingerprint").annotate(count=Count("id")).values("count"))
    wrong = FailureGroup.objects.annotate(actual=Coalesce(actual, 0)).exclude(dead_count=F("actual"))
    for group in wrong.order_by("pk")[:50]:
        yield f"{group.pk} counts {group.dead_count}, but {group.actual} are dead"
