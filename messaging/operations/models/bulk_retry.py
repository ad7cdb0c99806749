"""Bulk retries, and the messages in each."""

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
    STOPPED = "stopped", _("stopped automatically")
    FINISHED = "finished", _("finished")


class Verdict(models.TextChoices):
    WILL_GO = "will_go", _("will be retried")
    SKIPPED = "skipped", _("skipped")


class SkipReason(models.TextChoices):
    """Why a message is skipped: decided at the preview; `CHANGED`, `EARLIER_FAILED` and again `QUARANTINED` when it
    would be sent.
    """

    CHANGED = "changed", _("it changed after the preview")
    UNREADABLE = "unreadable", _("its body could not be decoded")
    UNKNOWN_TASK = "unknown_task", _("its task is unknown to the deployed code")
    SCHEMA_TOO_OLD = "schema_too_old", _("its schema version is too old to be upgraded")
    SCHEMA_TOO_NEW = "schema_too_new", _("its schema version is newer than the deployed code")
    WRONG_ARGUMENTS = "wrong_arguments", _("its payload does not match its schema")
    ALREADY_DONE = "already_done", _("its effect already happened")
    QUARANTINED = "quarantined", _("it is quarantined: earlier retries did not help")
    EARLIER_FAILED = "earlier_failed", _("an earlier message of the same subject failed again")
    NEWER_SUCCEEDED = "newer_succeeded", _("a newer message of the same task and subject succeeded")


class ItemOutcome(models.TextChoices):
    """`SENT` means retried with no result yet; `SUCCEEDED` and `FAILED_AGAIN` are the results."""

    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED_AGAIN = "failed_again", _("failed again")
    SKIPPED = "skipped", _("skipped")
    CANCELLED = "cancelled", _("cancelled")


SETTLED = (ItemOutcome.SUCCEEDED, ItemOutcome.FAILED_AGAIN)


class BulkOperation(models.Model):
    """A selection of dead messages, frozen at the preview, and how they are retried.

    `chosen` describes the selection: filters, or a number of ids. `rate` is in messages per second. `stop_ratio`, above
    0 and at most 1, is the share of failures at which the operation stops automatically. `turn` numbers the driver's
    next turn: only a message with this number may act, so no two drivers do. `canary_from` is the turn in which the
    current canary began. The counters count the items by outcome, and change together with them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, default="retry", choices=[("retry", _("retry"))])
    state = models.CharField(_("state"), max_length=10, choices=BulkState, default=BulkState.PREVIEW)
    actor = models.CharField(_("requested by"), max_length=150)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    chosen = models.JSONField(_("selection"), default=dict)
    rate = models.PositiveIntegerField(_("messages per second"), default=50)
    canary = models.PositiveIntegerField(_("canary"), default=10)
    stop_ratio = models.FloatField(_("stop ratio"), default=0.5)

    will_go = models.PositiveIntegerField(_("to be retried"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    waiting = models.PositiveIntegerField(_("waiting"), default=0)
    sent = models.PositiveIntegerField(_("in flight"), default=0)
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
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

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


class BulkItem(models.Model):
    """One message of a bulk retry. `sends` and `died_at` identify its version at the preview: a message whose version
    changed is skipped. `chain` is the position of the first message of the same subject, which are sent one after the
    other: all but the next one are `is_blocked`. `sent_in` is the turn in which it was sent. No database constraint,
    since the message may be purged before its item.
    """

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(BulkOperation, on_delete=models.CASCADE, related_name="items")
    message = models.ForeignKey(
        Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="bulk_items", verbose_name=_("message")
    )
    position = models.PositiveIntegerField()
    chain = models.PositiveIntegerField(null=True, blank=True)
    is_blocked = models.BooleanField(default=False, db_default=False)
    sent_in = models.PositiveBigIntegerField(null=True, blank=True)
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
            models.Index(
                fields=["operation", "outcome", "sent_in"],
                name="operations_bulkitem_turn",
                condition=Q(sent_in__isnull=False),
            ),
            models.Index(
                fields=["operation", "chain", "position"],
                name="operations_bulkitem_blocked",
                condition=Q(is_blocked=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.outcome}"
