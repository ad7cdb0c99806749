"""The ledger: one row per message, one per failed attempt."""

from typing import Any, Final

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat
from django.db.models.lookups import IsNull
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models.uuid7 import uuid7
from messaging.topology import Priority


class State(models.TextChoices):
    PENDING = "pending", _("pending")
    SENT = "sent", _("sent")
    DONE = "done", _("succeeded")
    DEAD = "dead", _("dead")
    DISCARDED = "discarded", _("discarded")


class Waits(models.TextChoices):
    """What a deferred message waits for, other than a circuit."""

    RELEASE = "release", _("a worker of a newer release")
    WORKER = "worker", _("a worker that can report on it")
    QUEUE = "queue", _("a relay that knows its queue")


#: The states that may follow each. A new message is pending; one that did not come from the ledger is dead at once.
TRANSITIONS: dict[str, frozenset[str]] = {
    # Done: recovery took a delivery for lost that succeeded. Dead: no queue takes it, or a bulk retry is cancelled.
    State.PENDING: frozenset({State.SENT, State.DONE, State.DEAD}),
    State.SENT: frozenset({State.DONE, State.PENDING, State.DEAD}),
    State.DONE: frozenset(),
    State.DEAD: frozenset({State.PENDING, State.DISCARDED}),
    State.DISCARDED: frozenset({State.DEAD}),
}
LIVE_STATES = (State.PENDING, State.SENT)
_DIED = Q(state=State.DEAD) | Q(state=State.DISCARDED) | Q(replayed_from__gt=0)


class MessageQuerySet(models.QuerySet["Message"]):
    def live(self) -> "MessageQuerySet":
        """Two conditions rather than one list, so that PostgreSQL uses both partial indexes."""
        return self.filter(Q(state=State.PENDING) | Q(state=State.SENT))

    def dead(self) -> "MessageQuerySet":
        return self.filter(state=State.DEAD)

    def died(self) -> "MessageQuerySet":
        """Dead now or once: discarded messages and revived ones included, whatever their state."""
        return self.filter(_DIED)

    def unsettled(self) -> "MessageQuerySet":
        """Live or dead: its effects may still happen."""
        return self.filter(state__in=(*LIVE_STATES, State.DEAD))

    def exist_about(self, subject: str, *, task: str = "") -> IsNull:
        """Condition for another model's rows: one of these messages, of `task` if given, is about the row.

        `subject` names the column with the row's subject. Always one index probe a row, whatever the planner estimates:
        it would turn EXISTS into a join by the task's index, and so compare each row with all messages of the task.
        """
        found = self.filter(subject=OuterRef(subject))
        if task:
            found = found.alias(unindexed=Concat("task", Value(""))).filter(unindexed=task)
        return IsNull(Subquery(found.values("pk")[:1]), False)

    def count_up_to(self, most: int) -> int:
        """The number of rows, at most `most`. Reads `queue` only, which the indexes on unfinished messages contain."""
        return self.order_by().values("queue")[:most].count()


class PayloadField(models.JSONField):
    """JSON. A payload nested too deep to be decoded, which no relay sends, must not break every list that it is in."""

    UNREADABLE: Final = {"unreadable": "nested too deep"}

    def from_db_value(self, *args: Any) -> Any:
        try:
            return super().from_db_value(*args)
        except RecursionError:
            return {**self.UNREADABLE}

    def deconstruct(self) -> Any:
        return self.name, "django.db.models.JSONField", *super().deconstruct()[2:]


class Message(models.Model):
    """One message, from the transaction that enqueues it until its effects are committed.

    `attempts` counts all failed attempts; the first `replayed_from` of them were before a retry by an operator and do
    not count against the limit. `sends` counts publications; each delivery carries its number, which distinguishes a
    copy of an earlier publication from the current one. `started_at` is the start of the successful run; failed runs
    have theirs in `Attempt`. `waits_for` names the open circuit that defers a pending message, or one of `Waits`;
    `deferred_since` is the start of that wait. `is_promoted`: it is published with the highest priority, because others
    have overtaken it for too long. `release` is the one whose worker ran it successfully. `revivals` counts retries by
    operators since it was last edited or released from quarantine.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(_("task"), max_length=200)
    queue = models.CharField(_("queue"), max_length=100)
    routing_key = models.CharField(_("routing key"), max_length=200)
    priority = models.PositiveSmallIntegerField(_("priority"), default=Priority.NORMAL)
    payload = PayloadField(_("payload"), default=dict)
    schema_version = models.PositiveSmallIntegerField(_("schema version"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    available_at = models.DateTimeField(_("available at"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    replayed_from = models.PositiveIntegerField(_("replayed from"), default=0)
    sends = models.PositiveIntegerField(_("sends"), default=0)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=100, blank=True)
    correlation_id = models.UUIDField(_("correlation id"))
    causation_id = models.UUIDField(_("causation id"), null=True, blank=True)
    traceparent = models.CharField(_("traceparent"), max_length=55, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    error_type = models.CharField(_("error type"), max_length=200, blank=True)
    error_message = models.CharField(_("error message"), max_length=1000, blank=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=40, blank=True)
    raw_body = models.BinaryField(null=True, blank=True)
    raw_headers = models.JSONField(null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    waits_for = models.CharField(_("waits for"), max_length=60, blank=True, db_default="", default="")
    deferred_since = models.DateTimeField(_("deferred since"), null=True, blank=True)
    is_promoted = models.BooleanField(_("promoted"), default=False, db_default=False)
    release = models.CharField(_("release"), max_length=40, blank=True, default="", db_default="")
    revivals = models.PositiveIntegerField(_("retries by operators"), default=0, db_default=0)

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "messaging_message"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="messaging_message_state_is_known")
        ]
        indexes = [
            # One range per lane in the order of claims: no sort, and nothing is read that is not due.
            models.Index("queue", "priority", "available_at", name="messaging_lane", condition=Q(state=State.PENDING)),
            models.Index("queue", "priority", "sent_at", name="messaging_in_flight", condition=Q(state=State.SENT)),
            models.Index("queue", "finished_at", name="messaging_dead", condition=Q(state=State.DEAD)),
            models.Index("fingerprint", "finished_at", name="messaging_dead_group", condition=Q(state=State.DEAD)),
            models.Index(
                F("finished_at").desc(), F("id").desc(), name="messaging_dead_newest", condition=Q(state=State.DEAD)
            ),
            models.Index("finished_at", name="messaging_discarded", condition=Q(state=State.DISCARDED)),
            models.Index("id", name="messaging_replayed", condition=Q(replayed_from__gt=0)),
            models.Index("subject", "id", name="messaging_subject"),
            models.Index("finished_at", "queue", name="messaging_finished", condition=Q(state=State.DONE)),
            models.Index(
                fields=["waits_for", "-priority", "available_at"],
                name="messaging_deferred",
                condition=Q(state=State.PENDING) & ~Q(waits_for=""),
            ),
            models.Index(
                fields=["-finished_at", "-id"],
                name="messaging_quarantined",
                condition=Q(state=State.DEAD) & Q(revivals__gt=0),
            ),
            # For lists of one queue or task: its newest messages may be older than millions of others.
            models.Index("queue", "id", name="messaging_by_queue"),
            models.Index("task", "id", name="messaging_by_task"),
            # Covers the columns that operators filter by: an index-only scan counts 50,000 rows.
            models.Index(
                fields=["-finished_at", "-id"],
                name="messaging_died",
                condition=_DIED,
                include=["queue", "task", "error_type", "fingerprint", "state", "replayed_from"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.subject or self.pk}"

    @property
    def retries(self) -> int:
        """Failed attempts since enqueued or last revived: Celery's `request.retries`."""
        return self.attempts - self.replayed_from


class Attempt(models.Model):
    """A failed attempt, or one whose worker was lost. Success leaves no row.

    `release` is the one that recorded it. `log` and `exchanges` are what `messaging.recording` kept of the run.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempt_set")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(default=timezone.now)
    error_type = models.CharField(max_length=200)
    error_message = models.CharField(max_length=1000, blank=True)
    traceback = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=40, blank=True)
    release = models.CharField(max_length=40, blank=True, default="", db_default="")
    log = models.TextField(blank=True, default="", db_default="")
    exchanges = models.JSONField(default=list, blank=True, db_default=Value([], output_field=models.JSONField()))

    class Meta:
        db_table = "messaging_attempt"
        ordering = ["number", "id"]
        indexes = [models.Index("ended_at", name="messaging_attempt_ended")]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.error_type}"
