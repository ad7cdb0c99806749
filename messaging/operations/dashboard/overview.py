"""What needs an operator, for the first page of the admin."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging import pauses
from messaging.operations.models import Alert, FailureGroup


@dataclass(frozen=True, slots=True)
class Count:
    label: str | Promise
    number: int
    url: str
    details: str = ""


def counts(user: Any) -> Iterator[Count]:
    """What this user may see of it, each by one statement."""
    if user.has_perm("operations.view_failedtask"):
        dead = FailureGroup.objects.aggregate(dead=Sum("dead_count"))["dead"] or 0
        yield Count(_("Failed tasks"), dead, reverse("admin:operations_failedtask_changelist"))
        paused = sorted(pauses.paused())
        yield Count(_("Paused queues"), len(paused), reverse("admin:operations_queues_changelist"), ", ".join(paused))
    if user.has_perm("operations.view_alert"):
        alerts = Alert.objects.filter(cleared_at=None).count()
        yield Count(_("Open alerts"), alerts, reverse("admin:operations_alert_changelist"))
