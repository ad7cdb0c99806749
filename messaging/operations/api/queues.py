"""Queues and circuits: list, pause, resume, probe."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.operations import actions
from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import describe_action, describe_list
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import OptionalReasonIn, ReasonIn
from messaging.operations.api.outputs import CircuitOut, QueueOut
from messaging.operations.api.problems import conflict
from messaging.operations.dashboard.circuits import CircuitRow, circuit_rows
from messaging.operations.dashboard.queue_status import queue_rows
from messaging.topology import topology


class Queues(DeskView):
    serializer_class = QueueOut
    permission = "messaging.view_message"

    @describe_list("queues_list", QueueOut)
    def get(self, request: Request) -> Response:
        """All queues with their message counts."""
        return self.page(queue_rows())


class _QueueAction(DeskView):
    serializer_class = QueueOut
    permission = "operations.pause_queue"

    def row(self, name: str) -> Response:
        return self.one(next(row for row in queue_rows() if row.name == name))


class PauseQueue(_QueueAction):
    @describe_action("queues_pause", ReasonIn, QueueOut, 404, 409)
    def post(self, request: Request, name: str) -> Response:
        """Pause a queue. The reason is shown on the queues page."""
        wanted = read(ReasonIn, request.data)
        try:
            actions.pause(queue=_queue(name), actor=self.actor, **wanted)
        except actions.AlreadyPaused as error:
            raise conflict("already-paused", str(error)) from None
        return self.row(name)


class ResumeQueue(_QueueAction):
    @describe_action("queues_resume", OptionalReasonIn, QueueOut, 404, 409)
    def post(self, request: Request, name: str) -> Response:
        """Resume a paused queue."""
        wanted = read(OptionalReasonIn, request.data)
        try:
            actions.resume(queue=_queue(name), actor=self.actor, **wanted)
        except actions.NotPaused as error:
            raise conflict("not-paused", str(error)) from None
        return self.row(name)


class Circuits(DeskView):
    serializer_class = CircuitOut
    permission = "messaging.view_message"

    @describe_list("circuits_list", CircuitOut)
    def get(self, request: Request) -> Response:
        """All circuit breakers, with the number of messages waiting for each."""
        return self.page(circuit_rows())


class ProbeCircuit(DeskView):
    serializer_class = CircuitOut
    permission = "operations.retry_message"

    @describe_action("circuits_probe", OptionalReasonIn, CircuitOut, 404, 409)
    def post(self, request: Request, name: str) -> Response:
        """Probe an open circuit now by sending one of its waiting messages."""
        wanted = read(OptionalReasonIn, request.data)
        _circuit(name)
        try:
            actions.probe(name=name, actor=self.actor, **wanted)
        except actions.CircuitClosed as error:
            raise conflict("circuit-closed", str(error)) from None
        return self.one(_circuit(name))


def _circuit(name: str) -> CircuitRow:
    for row in circuit_rows():
        if row.name == name:
            return row
    raise Http404


def _queue(name: str) -> str:
    if name not in topology().queues:
        raise Http404
    return name
