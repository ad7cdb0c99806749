"""Request bodies and query parameters of the desk's API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from messaging.operations.api.fields import Flag, Id, Number, StrictSerializer, Text, WholeNumber, optional_text
from messaging.operations.bulk_retry.services import Pace
from messaging.operations.models import GroupState, ItemOutcome

MAX_IDS = 1000


class ReasonIn(StrictSerializer):
    reason = Text(max_length=500)


class OptionalReasonIn(StrictSerializer):
    reason = optional_text(500)


class RetryIn(OptionalReasonIn):
    confirm_quarantined = Flag(
        required=False, default=False, help_text=_("retry a quarantined message although earlier retries did not help")
    )


class FailedTaskFilters(serializers.Serializer[Any]):
    queue = optional_text(100)
    task = optional_text(200)
    error = optional_text(200, _("the error type, or part of its message"))
    group = optional_text(40, _("the id of a failure group"))
    subject = optional_text(100, _("such as an order number"))


class FailedTaskQuery(FailedTaskFilters):
    quarantined = serializers.BooleanField(required=False, default=False, help_text=_("only quarantined messages"))


class BulkRetryIn(FailedTaskFilters, StrictSerializer):
    """Selects dead messages by id, by filters, or all of them."""

    ids = serializers.ListField(child=Id(), required=False, default=list, max_length=MAX_IDS)
    since = serializers.DateTimeField(required=False, default=None, allow_null=True, help_text=_("died on or after"))
    until = serializers.DateTimeField(required=False, default=None, allow_null=True, help_text=_("died before"))
    all = Flag(required=False, default=False, help_text=_("every dead message, without ids or filters"))
    reason = optional_text(500)


class PaceIn(StrictSerializer):
    rate = WholeNumber(
        required=False, default=Pace.rate, min_value=1, max_value=10_000, help_text=_("messages per second, at most")
    )
    canary = WholeNumber(
        required=False, default=Pace.canary, min_value=0, max_value=1000, help_text=_("messages to send first")
    )
    stop_ratio = Number(
        required=False,
        default=Pace.stop_ratio,
        min_value=0.001,
        max_value=1,
        help_text=_("stop when this share fails again"),
    )
    reason = optional_text(500)


class BulkItemQuery(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=ItemOutcome.choices, required=False, default="", allow_blank=True)


class NoteIn(StrictSerializer):
    note = optional_text(500, _("replaces the group's note"))


class EditIn(StrictSerializer):
    payload = serializers.DictField(help_text=_("the complete new payload, valid for the task's schema"))
    reason = Text(max_length=500)
    attempts = WholeNumber(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text=_("the attempts you last saw; the edit is refused if the message has failed again since"),
    )


class FailureGroupQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=GroupState.choices, required=False, default="", allow_blank=True)
    queue = optional_text(100)
    task = optional_text(200)
