"""Queues and circuits: list, pause, resume, probe."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.broker.queue_status import QueueRow, queue_rows
from messaging.operations import actions
from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import BODY, PAGE, STAFF, problems
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import OptionalReasonIn, ReasonIn
from messaging.operations.api.outputs import CircuitOut, QueueOut
from messaging.operations.api.problems import conflict
from messaging.operations.dashboard.circuits import CircuitRow, circuit_rows
from messaging.operations.permissions import Actor
from messaging.topology import topology


class Queues(DeskView):
    serializer_class = QueueOut
    permission = "messaging.view_message"

    @extend_schema(
        operation_id="queues_list", parameters=[PAGE], responses={200: QueueOut(many=True), **problems(*STAFF, 404)}
    )
    def get(self, request: Request) -> Response:
        """Every queue, with what waits in it and what died on it."""
        rows: list[QueueRow] = queue_rows()
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class PauseQueue(DeskView):
    serializer_class = QueueOut
    permission = "operations.pause_queue"

    @extend_schema(
        operation_id="queues_pause", request=ReasonIn, responses={200: QueueOut, **problems(*BODY, *STAFF, 404, 409)}
    )
    def post(self, request: Request, name: str) -> Response:
        """Stop a queue, for a reason that everybody sees who looks at it."""
        wanted = read(ReasonIn, request.data)
        try:
            actions.pause(queue=_queue(name), actor=Actor.of(request.user), reason=wanted["reason"])
        except actions.AlreadyPaused as fault:
            raise conflict("already-paused", str(fault)) from None
        return Response(self.get_serializer(_row(name)).data)


class ResumeQueue(DeskView):
    serializer_class = QueueOut
    permission = "operations.pause_queue"

    @extend_schema(
        operation_id="queues_resume",
        request=OptionalReasonIn,
        responses={200: QueueOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, name: str) -> Response:
        """Let a paused queue go on."""
        wanted = read(OptionalReasonIn, request.data)
        try:
            actions.resume(queue=_queue(name), actor=Actor.of(request.user), reason=wanted["reason"])
        except actions.NotPaused as fault:
            raise conflict("not-paused", str(fault)) from None
        return Response(self.get_serializer(_row(name)).data)


class Circuits(DeskView):
    serializer_class = CircuitOut
    permission = "messaging.view_message"

    @extend_schema(
        operation_id="circuits_list", parameters=[PAGE], responses={200: CircuitOut(many=True), **problems(*STAFF, 404)}
    )
    def get(self, request: Request) -> Response:
        """Every outside system: whether it answers, and how much waits until it does."""
        page = self.paginate_queryset(circuit_rows())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ProbeCircuit(DeskView):
    serializer_class = CircuitOut
    permission = "operations.retry_message"

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
            actions.probe(name=name, actor=Actor.of(request.user), reason=wanted["reason"])
        except actions.CircuitClosed as fault:
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
