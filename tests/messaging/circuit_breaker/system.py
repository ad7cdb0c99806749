"""A scripted external system behind a circuit breaker, and messages that call it."""

from datetime import timedelta

from django.utils import timezone

from messaging import circuit_breaker, outbox
from messaging.circuit_breaker import Verdict, guard
from messaging.models import Circuit, Message
from messaging.operations.permissions import Actor
from tests.messaging.deliver import deliver
from tests.messaging.samples import Sample, TemporaryError

NAME = "system.test"
ANN = Actor.system("ann")
#: Errors of the next calls, in order; once empty the system answers.
script: list[Exception] = []
#: One entry per call.
asked: list[int] = []


class ClosedToUs(Exception):
    """The system refuses whatever this project asks."""


class Refusal(Exception):
    """The system is up and refuses: an answer."""


def judge(error: Exception) -> Verdict | None:
    verdicts = {TemporaryError: Verdict.DOWN, Refusal: Verdict.UP, ClosedToUs: Verdict.CLOSED_TO_US}
    return verdicts.get(type(error))


def ask(self, payload) -> None:
    with guard(NAME, judge=judge):
        asked.append(1)
        if script:
            raise script.pop(0)
    with self.complete():
        pass


def down(times: int) -> None:
    script.extend(TemporaryError("no answer") for _ in range(times))


def send(count: int = 1) -> list[Message]:
    """Deliver `count` new messages, one after the other."""
    return [deliver(enqueue()) for _ in range(count)]


def enqueue() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="ask"))


def again(message: Message) -> Message:
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now())
    return deliver(Message.objects.get(pk=message.pk))


def opened() -> Circuit:
    """Open the circuit by three failures; their messages are not due again within the test."""
    down(3)
    send(3)
    Message.objects.update(available_at=timezone.now() + timedelta(days=1))
    circuit = Circuit.objects.get()
    assert circuit.is_open
    asked.clear()
    return circuit


def probe_is_due() -> None:
    Circuit.objects.update(probe_at=timezone.now() - timedelta(seconds=1))
    circuit_breaker.forget()
