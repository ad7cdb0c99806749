"""Which addresses show operators the failed tasks and the queues, and let them retry or discard?"""

import uuid
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from pydantic import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import services
from messaging.circuit_desk import CircuitRow, circuit_rows
from messaging.models import LIVE_STATES, Message
from messaging.permissions import Actor
from messaging.queues import QueueRow, queue_rows
from messaging.selectors import failed_tasks
from messaging.services.edits import version_of
from messaging.topology import topology
from shop.api.docs import BODY, PAGE, STAFF, problems
from shop.api.inputs import EditIn, FailedTaskQuery, OptionalReasonIn, ReasonIn, read
from shop.api.outputs import CircuitOut, FailedTaskOut, QueueOut, RevealedOut
from shop.api.problems import conflict, invalid


class MayDo(BasePermission):
    """Staff with the permission that the view names in `permission`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.is_staff and user.has_perm(view.permission))


class FailedTasks(GenericAPIView[Message]):
    serializer_class = FailedTaskOut
    permission_classes = (MayDo,)
    permission = "messaging.view_failedtask"

    @extend_schema(
        operation_id="failed_tasks_list",
        parameters=[FailedTaskQuery, PAGE],
        responses={200: FailedTaskOut(many=True), **problems(400, *STAFF, 404)},
    )
    def get(self, request: Request) -> Response:
        """The dead messages, newest failure first."""
        page = self.paginate_queryset(failed_tasks(**read(FailedTaskQuery, request.query_params)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class FailedTaskDetail(GenericAPIView[Message]):
    serializer_class = FailedTaskOut
    permission_classes = (MayDo,)
    permission = "messaging.view_failedtask"

    @extend_schema(operation_id="failed_tasks_read", responses={200: FailedTaskOut, **problems(*STAFF, 404)})
    def get(self, request: Request, message_id: uuid.UUID) -> Response:
        """One message that failed, wherever it has got to since."""
        return Response(self.get_serializer(_failed(message_id)).data)


class Retry(GenericAPIView[Message]):
    serializer_class = FailedTaskOut
    permission_classes = (MayDo,)
    permission = "messaging.retry_message"

    @extend_schema(
        operation_id="failed_tasks_retry",
        request=OptionalReasonIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Send a dead message again."""
        wanted = read(OptionalReasonIn, request.data)
        message = _failed(message_id)
        _done(services.retry(ids=[message.pk], actor=Actor.of(request.user), reason=wanted["reason"]))
        return Response(self.get_serializer(_failed(message_id)).data)


class Discard(GenericAPIView[Message]):
    serializer_class = FailedTaskOut
    permission_classes = (MayDo,)
    permission = "messaging.discard_message"

    @extend_schema(
        operation_id="failed_tasks_discard",
        request=ReasonIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Give a dead message up, for a reason that stays with it."""
        wanted = read(ReasonIn, request.data)
        message = _failed(message_id)
        _done(services.discard(ids=[message.pk], actor=Actor.of(request.user), reason=wanted["reason"]))
        return Response(self.get_serializer(_failed(message_id)).data)


class Restore(GenericAPIView[Message]):
    serializer_class = FailedTaskOut
    permission_classes = (MayDo,)
    permission = "messaging.discard_message"

    @extend_schema(
        operation_id="failed_tasks_restore",
        request=OptionalReasonIn,
        responses={200: FailedTaskOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Make a discarded message dead again, as it was."""
        wanted = read(OptionalReasonIn, request.data)
        message = _failed(message_id)
        _done(services.restore(ids=[message.pk], actor=Actor.of(request.user), reason=wanted["reason"]))
        return Response(self.get_serializer(_failed(message_id)).data)


class Edit(GenericAPIView[Message]):
    serializer_class = FailedTaskOut
    permission_classes = (MayDo,)
    permission = "messaging.edit_message"

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
            outcome = services.edit_and_retry(
                id_=message.pk,
                data=wanted["payload"],
                seen=version_of(message),
                actor=Actor.of(request.user),
                reason=wanted["reason"],
            )
        except ValidationError as error:
            raise invalid(_faults(error)) from None
        except services.CannotEdit as error:
            raise conflict("no-schema", str(error)) from None
        _done(outcome)
        return Response(self.get_serializer(_failed(message_id)).data)


class Reveal(GenericAPIView[Any]):
    serializer_class = RevealedOut
    permission_classes = (MayDo,)
    permission = "messaging.reveal_payload"

    @extend_schema(
        operation_id="failed_tasks_reveal",
        request=OptionalReasonIn,
        responses={200: RevealedOut, **problems(*BODY, *STAFF, 404)},
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """The payload with its personal data. That somebody looked is kept."""
        wanted = read(OptionalReasonIn, request.data)
        message = _failed(message_id)
        payload = services.reveal(message=message, actor=Actor.of(request.user), reason=wanted["reason"])
        return Response({"payload": payload})


class Queues(GenericAPIView[Any]):
    serializer_class = QueueOut
    permission_classes = (MayDo,)
    permission = "messaging.view_message"

    @extend_schema(
        operation_id="queues_list", parameters=[PAGE], responses={200: QueueOut(many=True), **problems(*STAFF, 404)}
    )
    def get(self, request: Request) -> Response:
        """Every queue, with what waits in it and what died on it."""
        rows: list[QueueRow] = queue_rows()
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class PauseQueue(GenericAPIView[Any]):
    serializer_class = QueueOut
    permission_classes = (MayDo,)
    permission = "messaging.pause_queue"

    @extend_schema(
        operation_id="queues_pause", request=ReasonIn, responses={200: QueueOut, **problems(*BODY, *STAFF, 404, 409)}
    )
    def post(self, request: Request, name: str) -> Response:
        """Stop a queue, for a reason that everybody sees who looks at it."""
        wanted = read(ReasonIn, request.data)
        try:
            services.pause(queue=_queue(name), actor=Actor.of(request.user), reason=wanted["reason"])
        except services.AlreadyPaused as fault:
            raise conflict("already-paused", str(fault)) from None
        return Response(self.get_serializer(_row(name)).data)


class ResumeQueue(GenericAPIView[Any]):
    serializer_class = QueueOut
    permission_classes = (MayDo,)
    permission = "messaging.pause_queue"

    @extend_schema(
        operation_id="queues_resume",
        request=OptionalReasonIn,
        responses={200: QueueOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, name: str) -> Response:
        """Let a paused queue go on."""
        wanted = read(OptionalReasonIn, request.data)
        try:
            services.resume(queue=_queue(name), actor=Actor.of(request.user), reason=wanted["reason"])
        except services.NotPaused as fault:
            raise conflict("not-paused", str(fault)) from None
        return Response(self.get_serializer(_row(name)).data)


class Circuits(GenericAPIView[Any]):
    serializer_class = CircuitOut
    permission_classes = (MayDo,)
    permission = "messaging.view_message"

    @extend_schema(
        operation_id="circuits_list", parameters=[PAGE], responses={200: CircuitOut(many=True), **problems(*STAFF, 404)}
    )
    def get(self, request: Request) -> Response:
        """Every outside system: whether it answers, and how much waits until it does."""
        page = self.paginate_queryset(circuit_rows())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ProbeCircuit(GenericAPIView[Any]):
    serializer_class = CircuitOut
    permission_classes = (MayDo,)
    permission = "messaging.retry_message"

    @extend_schema(
        operation_id="circuits_probe",
        request=OptionalReasonIn,
        responses={200: CircuitOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, name: str) -> Response:
        """Send one of the messages that wait now, to try whether the system is back."""
        wanted = read(OptionalReasonIn, request.data)
        _circuit(name)
        try:
            services.probe(name=name, actor=Actor.of(request.user), reason=wanted["reason"])
        except services.CircuitClosed as fault:
            raise conflict("circuit-closed", str(fault)) from None
        return Response(self.get_serializer(_circuit(name)).data)


def _circuit(name: str) -> CircuitRow:
    for row in circuit_rows():
        if row.name == name:
            return row
    raise Http404


def _queue(name: str) -> str:
    if name not in topology().queues:
        raise Http404
    return name


def _row(name: str) -> QueueRow:
    return next(row for row in queue_rows() if row.name == name)


def _failed(message_id: uuid.UUID) -> Message:
    """A message that is not live, or that failed before. One that never failed is none of this address's business."""
    message = Message.objects.filter(~Q(state__in=LIVE_STATES) | Q(attempts__gt=0), pk=message_id).first()
    if message is None:
        raise Http404
    return message


def _done(outcome: services.Outcome) -> None:
    for why in outcome.skipped.values():
        raise conflict("not-dead", _("Nothing was changed: {why}.").format(why=why))


def _faults(error: ValidationError) -> dict[str, list[str]]:
    """pydantic's errors as the API tells them; without the values, which may be personal."""
    faults: dict[str, list[str]] = {}
    for fault in error.errors():
        path = ".".join(["payload", *(str(part) for part in fault["loc"])])
        faults.setdefault(path, []).append(fault["msg"])
    return faults
