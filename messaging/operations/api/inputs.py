"""Request bodies and query parameters of the desk's API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from messaging.operations.api.fields import Flag, Id, Number, StrictSerializer, Text, WholeNumber
from messaging.operations.bulk_retry.services import Pace
from messaging.operations.models import GroupState, ItemOutcome

MAX_IDS = 1000


class ReasonIn(StrictSerializer):
    reason = Text(max_length=500)


class OptionalReasonIn(StrictSerializer):
    reason = Text(max_length=500, required=False, default="", allow_blank=True)


class BulkRetryIn(StrictSerializer):
    """Which dead messages are meant: by id, by filters, or all."""

    ids = serializers.ListField(child=Id(), required=False, default=list, max_length=MAX_IDS)
    queue = Text(max_length=100, required=False, default="", allow_blank=True)
    task = Text(max_length=200, required=False, default="", allow_blank=True)
    error = Text(max_length=200, required=False, default="", allow_blank=True)
    group = Text(max_length=40, required=False, default="", allow_blank=True)
    subject = Text(max_length=100, required=False, default="", allow_blank=True)
    since = serializers.DateTimeField(required=False, default=None, allow_null=True, help_text=_("died then or later"))
    until = serializers.DateTimeField(required=False, default=None, allow_null=True, help_text=_("died before then"))
    all = Flag(required=False, default=False)
    reason = Text(max_length=500, required=False, default="", allow_blank=True)


class PaceIn(StrictSerializer):
    rate = WholeNumber(
        required=False, default=Pace.rate, min_value=1, max_value=10_000, help_text=_("messages a second, at most")
    )
    canary = WholeNumber(
        required=False, default=Pace.canary, min_value=0, max_value=1000, help_text=_("so many go first")
    )
    stop_ratio = Number(
        required=False,
        default=Pace.stop_ratio,
        min_value=0.001,
        max_value=1,
        help_text=_("stop when this share fails again"),
    )
    reason = Text(max_length=500, required=False, default="", allow_blank=True)


class BulkItemQuery(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=ItemOutcome.choices, required=False, default="", allow_blank=True)


class NoteIn(StrictSerializer):
    note = Text(max_length=500, required=False, default="", allow_blank=True, help_text=_("replaces the group's note"))


class EditIn(StrictSerializer):
    payload = serializers.DictField(help_text=_("the whole new payload, as the task's schema has it"))
    reason = Text(max_length=500)
    attempts = WholeNumber(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text=_("the attempts of the task as you saw it; refused if it has failed again since"),
    )


class FailureGroupQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=GroupState.choices, required=False, default="", allow_blank=True)
    queue = Text(max_length=100, required=False, default="", allow_blank=True)
    task = Text(max_length=200, required=False, default="", allow_blank=True)


class FailedTaskQuery(serializers.Serializer[Any]):
    queue = Text(max_length=100, required=False, default="", allow_blank=True)
    task = Text(max_length=200, required=False, default="", allow_blank=True)
    error = Text(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text=_("the error's type, or a part of its message"),
    )
    group = Text(max_length=40, required=False, default="", allow_blank=True, help_text=_("the group of a failed task"))
    subject = Text(max_length=100, required=False, default="", allow_blank=True, help_text=_("such as an order number"))
