"""Filters of the desk's lists that operators have saved under a name."""

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NAME_LENGTH, QUERY_LENGTH = 60, 1000


class FilteredList(models.TextChoices):
    """The lists; each value is the stem of the list's URL name."""

    FAILED_TASKS = "operations_failedtask", _("failed tasks")
    FAILURE_GROUPS = "operations_failuregroup", _("failure groups")
    BULK_RETRIES = "operations_bulkoperation", _("bulk retries")
    ALERTS = "operations_alert", _("alerts")
    AUDIT_ENTRIES = "operations_auditentry", _("audit entries")
    MESSAGES = "messaging_message", _("messages")


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, owner: str) -> Self:
        """The owner's own and those that others share."""
        return self.filter(models.Q(owner=owner) | models.Q(shared=True))


class SavedFilter(models.Model):
    """A list's query string under a name. `owner` is the operator's user name, as in the audit log."""

    id = models.BigAutoField(primary_key=True)
    page = models.CharField(max_length=40, choices=FilteredList.choices)
    owner = models.CharField(max_length=150)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        db_table = "operations_savedfilter"
        default_permissions = ("delete",)
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        constraints = [models.UniqueConstraint(fields=["page", "owner", "name"], name="operations_savedfilter_is_one")]

    def __str__(self) -> str:
        return self.name
