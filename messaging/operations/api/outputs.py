"""Responses of the desk's API. Clients rely on every name here."""

from typing import Any, Never

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from messaging.models import Message, State
from messaging.operations.dashboard.circuits import CircuitRow
from messaging.operations.dashboard.queue_status import QueueRow
from messaging.operations.dry_runs.run import Verdict as DryRunVerdict
from messaging.operations.failures.advice import advice_for, step_of_group
from messaging.operations.failures.quarantine import is_quarantined
from messaging.operations.models import BulkState, FailureGroup, GroupState, ItemOutcome, Verdict
from messaging.operations.privacy.masking import mask, mask_text


@extend_schema_serializer(component_name="Error")
class ErrorOut(serializers.Serializer[Never]):
    type = serializers.CharField(allow_blank=True, help_text="empty for a dry run that completes")
    message = serializers.CharField(allow_blank=True)


@extend_schema_serializer(component_name="NextStep")
class NextStepOut(serializers.Serializer[Never]):
    text = serializers.CharField()
    action = serializers.CharField(help_text="such as `retry`, `edit`, `discard`, `correct_address` or `none`")


@extend_schema_serializer(component_name="FailedTask")
class FailedTaskOut(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=State.choices)
    task = serializers.CharField()
    queue = serializers.CharField()
    routing_key = serializers.CharField()
    priority = serializers.IntegerField()
    subject = serializers.CharField(allow_blank=True)
    error = serializers.SerializerMethodField()
    attempts = serializers.IntegerField()
    failed_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    group = serializers.CharField(source="fingerprint", allow_blank=True)
    next_step = serializers.SerializerMethodField()
    quarantined = serializers.SerializerMethodField()
    revivals = serializers.IntegerField(help_text="retries by operators since its last edit or release from quarantine")
    payload = serializers.SerializerMethodField(help_text="personal data masked; use `reveal` to see it")

    @extend_schema_field(ErrorOut)
    def get_error(self, message: Message) -> dict[str, str]:
        return {"type": message.error_type, "message": mask_text(message.error_message)}

    @extend_schema_field(NextStepOut)
    def get_next_step(self, message: Message) -> dict[str, str]:
        """A list gives advice to all of its messages at once."""
        advice = self.context.get("advice") or {message.pk: advice_for(message)}
        return advice[message.pk].step.as_dict()

    def get_quarantined(self, message: Message) -> bool:
        return is_quarantined(message)

    @extend_schema_field(serializers.JSONField())
    def get_payload(self, message: Message) -> Any:
        return mask(message.payload)


@extend_schema_serializer(component_name="RevealedPayload")
class RevealedOut(serializers.Serializer[Never]):
    payload = serializers.JSONField()


class EnqueuedOut(serializers.Serializer[Never]):
    task = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    payload = serializers.JSONField(help_text="personal data masked")


@extend_schema_serializer(component_name="DryRun")
class DryRunOut(serializers.Serializer[Never]):
    verdict = serializers.ChoiceField(choices=[verdict.value for verdict in DryRunVerdict])
    summary = serializers.CharField()
    seconds = serializers.FloatField()
    enqueued = EnqueuedOut(many=True, help_text="messages that it would enqueue")
    withheld = serializers.ListField(child=serializers.CharField(), help_text="what it would send, such as an e-mail")
    error = ErrorOut()
    traceback = serializers.CharField(allow_blank=True)
    log = serializers.CharField(allow_blank=True)


@extend_schema_serializer(component_name="FailureGroup")
class FailureGroupOut(serializers.Serializer[FailureGroup]):
    id = serializers.CharField(source="fingerprint")
    state = serializers.ChoiceField(choices=GroupState.choices)
    task = serializers.CharField(allow_blank=True)
    queue = serializers.CharField(allow_blank=True)
    error = serializers.SerializerMethodField()
    dead = serializers.IntegerField(source="dead_count")
    failures = serializers.IntegerField(help_text="all deaths ever, including retried and discarded messages")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    note = serializers.CharField(allow_blank=True)
    runbook = serializers.CharField(allow_blank=True)
    next_step = serializers.SerializerMethodField()

    @extend_schema_field(NextStepOut)
    def get_next_step(self, group: FailureGroup) -> dict[str, str]:
        return step_of_group(group).as_dict()

    @extend_schema_field(ErrorOut)
    def get_error(self, group: FailureGroup) -> dict[str, str]:
        return {"type": group.error_type, "message": mask_text(group.error_message)}


@extend_schema_serializer(component_name="BulkRetry")
class BulkRetryOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=BulkState.choices)
    chosen = serializers.DictField(help_text="the filters, or the number of ids")
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    rate = serializers.IntegerField(help_text="messages per second, at most")
    canary = serializers.IntegerField()
    stop_ratio = serializers.FloatField()
    will_go = serializers.IntegerField()
    skipped = serializers.DictField(child=serializers.IntegerField(), help_text="skipped messages by reason")
    waiting = serializers.IntegerField()
    sent = serializers.IntegerField(help_text="sent and not finished yet")
    succeeded = serializers.IntegerField()
    failed_again = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    percent = serializers.IntegerField(help_text="finished, of those to be retried")
    seconds_left = serializers.IntegerField(allow_null=True, help_text="until all are sent; null unless running")
    why_stopped = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    warnings = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="what blocks it, such as a paused queue"
    )


@extend_schema_serializer(component_name="BulkItem")
class BulkItemOut(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    message_id = serializers.UUIDField()
    task = serializers.CharField(allow_blank=True)
    queue = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=ItemOutcome.choices)
    at = serializers.DateTimeField()
    error_type = serializers.CharField(allow_blank=True)


@extend_schema_serializer(component_name="Queue")
class QueueOut(serializers.Serializer[QueueRow]):
    name = serializers.CharField()
    depth = serializers.IntegerField(allow_null=True, help_text="null while the broker is unreachable")
    consumers = serializers.IntegerField(allow_null=True, help_text="null while the broker is unreachable")
    oldest_seconds = serializers.FloatField(allow_null=True)
    dead = serializers.IntegerField()
    paused = serializers.BooleanField()
    in_flight = serializers.IntegerField(help_text="at the broker or with workers")
    in_flight_limit = serializers.IntegerField(help_text="most messages in flight at once")
    waiting = serializers.IntegerField(help_text="due, not sent yet; 100000 means that many or more")
    drained_in_seconds = serializers.FloatField(
        allow_null=True,
        help_text="until waiting and in-flight messages are done, at the present rate; null if none finishes",
    )
    refusal = serializers.CharField(
        allow_blank=True, help_text="why the broker refuses the queue, to which nothing is sent meanwhile, or empty"
    )


@extend_schema_serializer(component_name="Circuit")
class CircuitOut(serializers.Serializer[CircuitRow]):
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["closed", "open", "half_open"])
    since = serializers.DateTimeField(allow_null=True, help_text="when it last opened or closed")
    waiting = serializers.IntegerField(help_text="messages waiting until it closes")
    probe_at = serializers.DateTimeField(allow_null=True, help_text="time of the next probe")
    last_error = serializers.CharField(allow_blank=True)
