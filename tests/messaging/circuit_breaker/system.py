"""Which outside system do the tests of circuits ask, and what does it answer?"""

from datetime import timedelta

from django.utils import timezone

from messaging import circuit_breaker, outbox
from messaging.circuit_breaker import Verdict, guard
from messaging.models import Circuit, Message
from messaging.operations.permissions import Actor
from tests.messaging.deliver import deliver
from tests.messaging.samples import Sample, TemporaryTrouble

NAME = "system.test"
ANN = Actor.system("ann")
#: What the system does when it is asked, call by call; it answers once this is empty.
script: list[Exception] = []
#: One entry for each time that it was asked.
asked: list[int] = []


class Refusal(Exception):
    """An answer."""


def judge(error: Exception) -> Verdict | None:
    return {TemporaryTrouble: Verdict.DOWN, Refusal: Verdict.UP}.get(type(error))


def ask(self, payload) -> None:
    with guard(NAME, judge=judge):
        asked.append(1)
        if script:
            raise script.pop(0)
    with self.complete():
        pass


def down(times: int) -> None:
    script.extend(TemporaryTrouble("no answer") for _ in range(times))


def send(count: int = 1) -> list[Message]:
    """Deliver so many new messages, one after the other."""
    return [deliver(enqueue()) for _ in range(count)]


def enqueue() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="ask"))


def again(message: Message) -> Message:
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now())
    return deliver(Message.objects.get(pk=message.pk))


def opened() -> Circuit:
    """A circuit that three failures in a row have opened; these three are not tried again within the test."""
    down(3)
    send(3)
    Message.objects.update(available_at=timezone.now() + timedelta(days=1))
    circuit = Circuit.objects.get()
    assert circuit.is_open
    asked.clear()
    return circuit


def probe_is_due() -> None:
    Circuit.objects.update(probe_at=timezone.now())
    circuit_breaker.forget()
