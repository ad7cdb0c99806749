"""Which dead messages does an operator send again together, how carefully, and what became of each?"""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.message import Message
from messaging.models.uuid7 import uuid7


class BulkState(models.TextChoices):
    PREVIEW = "preview", _("preview")
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    CANCELLED = "cancelled", _("cancelled")
    STOPPED = "stopped", _("stopped by itself")
    FINISHED = "finished", _("finished")


class Verdict(models.TextChoices):
    WILL_GO = "will_go", _("will go")
    SKIPPED = "skipped", _("skipped")


class SkipReason(models.TextChoices):
    """Why a message does not go: found at the preview, or, for `CHANGED`, when its turn has come."""

    CHANGED = "changed", _("changed since: it is no longer the dead message that was chosen")
    UNREADABLE = "unreadable", _("its body could not be read, so there is nothing to send")
    UNKNOWN_TASK = "unknown_task", _("no code here knows its task")
    SCHEMA_TOO_OLD = "schema_too_old", _("its schema is too old, and nothing lifts it to the present one")
    SCHEMA_TOO_NEW = "schema_too_new", _("its schema is newer than the code that runs here")
    WRONG_ARGUMENTS = "wrong_arguments", _("its payload does not fit its schema, so it would fail again")
    ALREADY_DONE = "already_done", _("what it asks for is done already")
    NEWER_SUCCEEDED = "newer_succeeded", _("a newer message of the same task and subject has succeeded")


class ItemOutcome(models.TextChoices):
    """`SENT` only says that the message goes out again; `SUCCEEDED` and `FAILED_AGAIN` say how that ended."""

    WAITING = "waiting", _("waiting for its turn")
    SENT = "sent", _("sent again")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED_AGAIN = "failed_again", _("failed again")
    SKIPPED = "skipped", _("skipped")
    CANCELLED = "cancelled", _("cancelled")


SETTLED = (ItemOutcome.SUCCEEDED, ItemOutcome.FAILED_AGAIN)


class BulkOperation(models.Model):
    """Dead messages that were chosen together, frozen at the preview, and how they are sent again.

    `chosen` is what was asked for: filters, or a number of ids. `rate` is in messages a second, `stop_ratio` the share
    of failures, above 0 up to 1, at which the operation stops by itself. `turn` is the number of the driver's next
    turn: only a message that carries it may act, so that no two drivers do. `canary_from` is the position at which the
    present canary began. The counters are those of the items, kept by whoever moves them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, default="retry", choices=[("retry", _("retry"))])
    state = models.CharField(_("state"), max_length=10, choices=BulkState, default=BulkState.PREVIEW)
    actor = models.CharField(_("asked for by"), max_length=150)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    chosen = models.JSONField(_("chosen"), default=dict)
    rate = models.PositiveIntegerField(_("messages a second"), default=50)
    canary = models.PositiveIntegerField(_("canary"), default=10)
    stop_ratio = models.FloatField(_("stop ratio"), default=0.5)

    will_go = models.PositiveIntegerField(_("will go"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    waiting = models.PositiveIntegerField(_("waiting"), default=0)
    sent = models.PositiveIntegerField(_("sent again"), default=0)
    succeeded = models.PositiveIntegerField(_("succeeded"), default=0)
    failed_again = models.PositiveIntegerField(_("failed again"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)

    turn = models.PositiveBigIntegerField(default=0)
    next_turn_at = models.DateTimeField(null=True, blank=True)
    canary_from = models.PositiveIntegerField(default=0)
    canary_since = models.DateTimeField(null=True, blank=True)
    canary_passed = models.BooleanField(default=False)
    stopped_for = models.JSONField(null=True, blank=True)

    created_at = models.DateTimeField(_("previewed"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    progress_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        db_table = "operations_bulkoperation"
        verbose_name = _("bulk retry")
        verbose_name_plural = _("bulk retries")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="operations_bulk_state_is_known"),
            models.CheckConstraint(condition=Q(rate__gte=1), name="operations_bulk_rate_is_positive"),
            models.CheckConstraint(
                condition=Q(stop_ratio__gt=0, stop_ratio__lte=1), name="operations_bulk_stop_ratio_is_a_share"
            ),
        ]
        indexes = [models.Index("next_turn_at", name="operations_bulk_driven", condition=~Q(next_turn_at=None))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def ended(self) -> int:
        """Messages of those that were to go of which nothing more is to be expected."""
        return self.succeeded + self.failed_again + self.cancelled


class BulkItem(models.Model):
    """One message of a bulk operation. `sends` and `died_at` are the message's version at the preview: one that has
    another version when its turn comes is left alone. The message may be purged before its item, hence no constraint.
    """

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(BulkOperation, on_delete=models.CASCADE, related_name="items")
    message = models.ForeignKey(
        Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="bulk_items", verbose_name=_("message")
    )
    position = models.PositiveIntegerField()
    sends = models.PositiveIntegerField()
    died_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict, default=Verdict.WILL_GO)
    reason = models.CharField(_("reason"), max_length=20, choices=SkipReason, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=ItemOutcome, default=ItemOutcome.WAITING)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        db_table = "operations_bulkitem"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("operation", "message", name="operations_bulkitem_is_one"),
            models.CheckConstraint(condition=Q(outcome__in=ItemOutcome.values), name="operations_bulkitem_outcome"),
        ]
        indexes = [
            models.Index("operation", "outcome", "position", name="operations_bulkitem_next"),
            models.Index("operation", "position", name="operations_bulkitem_list"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.outcome}"
