"""Sample tasks of the tests. What a task does is looked up by the text of its payload."""

from collections.abc import Callable
from typing import Any

from messaging.payloads import Payload
from messaging.worker.task import ReliableTask, reliable_task


class Sample(Payload, task="tests.sample", routing_key="maintenance.sample"):
    text: str


def _lift_to_2(data: dict[str, Any]) -> dict[str, Any]:
    return {"first": data["name"], "last": ""}


def _lift_to_3(data: dict[str, Any]) -> dict[str, Any]:
    return {"full_name": f"{data['first']} {data['last']}".strip()}


class Versioned(
    Payload,
    task="tests.versioned",
    routing_key="maintenance.versioned",
    version=3,
    lifts={1: _lift_to_2, 2: _lift_to_3},
):
    full_name: str


class TemporaryError(Exception):
    pass


class Bug(Exception):
    pass


#: What `sample` does, by the text of its payload; without an entry it completes at once.
behaviour: dict[str, Callable[[ReliableTask, Sample], None]] = {}


@reliable_task(Sample, autoretry_for=(TemporaryError,))
def sample(self: ReliableTask, payload: Sample) -> None:
    act = behaviour.get(payload.text)
    if act:
        act(self, payload)
    else:
        with self.complete():
            pass


@reliable_task(Versioned)
def versioned(self: ReliableTask, payload: Versioned) -> None:
    with self.complete():
        behaviour["versioned"](self, payload)  # type: ignore[arg-type]
