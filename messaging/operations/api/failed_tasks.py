"""Failed tasks: list, detail, retry, discard, restore, edit, reveal."""

import uuid

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from pydantic import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import LIVE_STATES, Message
from messaging.operations import actions
from messaging.operations.actions.edit import version_of
from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import BODY, PAGE, STAFF, problems
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import EditIn, FailedTaskQuery, OptionalReasonIn, ReasonIn
from messaging.operations.api.outputs import FailedTaskOut, RevealedOut
from messaging.operations.api.problems import conflict, invalid
from messaging.operations.failures.selectors import failed_tasks
from messaging.operations.permissions import Actor


class FailedTasks(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.view_failedtask"

    @extend_schema(
        operation_id="failed_tasks_list",
        parameters=[FailedTaskQuery, PAGE],
        responses={200: FailedTaskOut(many=True), **problems(400, *STAFF, 404)},
    )
    def get(self, request: Request) -> Response:
        """The dead messages, newest failure first."""
        page = self.paginate_queryset(failed_tasks(**read(FailedTaskQuery, request.query_params)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class FailedTaskDetail(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.view_failedtask"

    @extend_schema(operation_id="failed_tasks_read", responses={200: FailedTaskOut, **problems(*STAFF, 404)})
    def get(self, request: Request, message_id: uuid.UUID) -> Response:
        """One message that failed, wherever it has got to since."""
        return Response(self.get_serializer(_failed(message_id)).data)


class Retry(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.retry_message"

    @extend_schema(
        operation_id="failed_tasks_retry",
        request=OptionalReasonIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Send a dead message again."""
        wanted = read(OptionalReasonIn, request.data)
        message = _failed(message_id)
        _done(actions.retry(ids=[message.pk], actor=Actor.of(request.user), reason=wanted["reason"]))
        return Response(self.get_serializer(_failed(message_id)).data)


class Discard(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.discard_message"

    @extend_schema(
        operation_id="failed_tasks_discard",
        request=ReasonIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Give a dead message up, for a reason that stays with it."""
        wanted = read(ReasonIn, request.data)
        message = _failed(message_id)
        _done(actions.discard(ids=[message.pk], actor=Actor.of(request.user), reason=wanted["reason"]))
        return Response(self.get_serializer(_failed(message_id)).data)


class Restore(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.discard_message"

    @extend_schema(
        operation_id="failed_tasks_restore",
        request=OptionalReasonIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Make a discarded message dead again, as it was."""
        wanted = read(OptionalReasonIn, request.data)
        message = _failed(message_id)
        _done(actions.restore(ids=[message.pk], actor=Actor.of(request.user), reason=wanted["reason"]))
        return Response(self.get_serializer(_failed(message_id)).data)


class Edit(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.edit_message"

    @extend_schema(
        operation_id="failed_tasks_edit",
        request=EditIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Replace a dead message's payload and send it again. What it held before is kept."""
        wanted = read(EditIn, request.data)
        message = _failed(message_id)
        message.attempts = wanted.get("attempts", message.attempts)
        try:
            outcome = actions.edit_and_retry(
                id_=message.pk,
                data=wanted["payload"],
                seen=version_of(message),
                actor=Actor.of(request.user),
                reason=wanted["reason"],
            )
        except ValidationError as error:
            raise invalid(_faults(error)) from None
        except actions.CannotEdit as error:
            raise conflict("no-schema", str(error)) from None
        _done(outcome)
        return Response(self.get_serializer(_failed(message_id)).data)


class Reveal(DeskView):
    serializer_class = RevealedOut
    permission = "operations.reveal_payload"

    @extend_schema(
        operation_id="failed_tasks_reveal",
        request=OptionalReasonIn,
        responses={200: RevealedOut, **problems(*BODY, *STAFF, 404)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """The payload with its personal data. That somebody looked is kept."""
        wanted = read(OptionalReasonIn, request.data)
        message = _failed(message_id)
        payload = actions.reveal(message=message, actor=Actor.of(request.user), reason=wanted["reason"])
        return Response({"payload": payload})


def _failed(message_id: uuid.UUID) -> Message:
    """A message that is not live, or that failed before. One that never failed is none of this address's business."""
    message = Message.objects.filter(~Q(state__in=LIVE_STATES) | Q(attempts__gt=0), pk=message_id).first()
    if message is None:
        raise Http404
    return message


def _done(outcome: actions.Outcome) -> None:
    for why in outcome.skipped.values():
        raise conflict("not-dead", _("Nothing was changed: {why}.").format(why=why))


def _faults(error: ValidationError) -> dict[str, list[str]]:
    """pydantic's errors as the API tells them; without the values, which may be personal."""
    faults: dict[str, list[str]] = {}
    for fault in error.errors():
        path = ".".join(["payload", *(str(part) for part in fault["loc"])])
        faults.setdefault(path, []).append(fault["msg"])
    return faults
