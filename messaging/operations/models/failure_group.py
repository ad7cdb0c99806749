"""Failure groups, their hourly counts, and alerts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class GroupState(models.TextChoices):
    OPEN = "open", _("open")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    RESOLVED = "resolved", _("resolved")
    REGRESSED = "regressed", _("regressed")


class FailureGroup(models.Model):
    """Dead messages of one fingerprint. `dead_count` changes with each transition, so no page counts the ledger.

    `failures` counts every death; `task`, `queue`, `error_type` and `example` are those of the latest.
    """

    fingerprint = models.CharField(_("group"), max_length=40, primary_key=True)
    task = models.CharField(_("task"), max_length=200, blank=True)
    queue = models.CharField(_("queue"), max_length=100, blank=True)
    error_type = models.CharField(_("error"), max_length=200, blank=True)
    error_message = models.CharField(_("error message"), max_length=1000, blank=True)
    example = models.UUIDField(_("example"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=GroupState, default=GroupState.OPEN)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    runbook = models.URLField(_("runbook"), max_length=500, blank=True)
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("last seen"))
    dead_count = models.PositiveIntegerField(_("dead"), default=0)
    failures = models.PositiveIntegerField(_("total failures"), default=0)

    class Meta:
        db_table = "operations_failuregroup"
        verbose_name = _("failure group")
        verbose_name_plural = _("failure groups")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(state__in=GroupState.values), name="operations_group_state_is_known")
        ]
        indexes = [models.Index("last_seen", name="operations_group_last_seen")]

    def __str__(self) -> str:
        return f"{self.error_type.rpartition('.')[2]} in {self.task}" if self.task else self.error_type


class FailureHour(models.Model):
    """Deaths of one group within one hour."""

    id = models.BigAutoField(primary_key=True)
    fingerprint = models.CharField(max_length=40)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "operations_failurehour"
        default_permissions = ()
        constraints = [models.UniqueConstraint("fingerprint", "hour", name="operations_failurehour_is_one")]
        indexes = [models.Index("hour", name="operations_failurehour_hour")]

    def __str__(self) -> str:
        return f"{self.count} of {self.fingerprint} at {self.hour:%Y-%m-%d %H}"


class Alert(models.Model):
    """A condition that was reported once. It is not reported again until it has been cleared."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=150)
    text = models.CharField(_("alert"), max_length=500)
    raised_at = models.DateTimeField(_("raised"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)

    class Meta:
        db_table = "operations_alert"
        default_permissions = ("view",)
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint("key", name="operations_alert_is_raised_once", condition=Q(cleared_at=None))
        ]

    def __str__(self) -> str:
        return self.text
