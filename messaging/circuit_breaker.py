"""Is an outside system down, so that asking it would only spend attempts? One circuit breaker for each.

While a system answers, `guard` costs one look a second and process. Once `CONVEYOR_CIRCUIT_FAILURES` different messages
in a row got no answer, the circuit opens: `guard` raises `CircuitOpen` before anything is asked, and the message waits
in the ledger without spending an attempt. Every `CONVEYOR_CIRCUIT_SECONDS` one message may try; its answer closes the
circuit and lets all go on that waited. The pattern: Michael Nygard, "Release It!", chapter "Stability Patterns".
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.functional import Promise

from messaging import tracing
from messaging.conf import settings
from messaging.models import Circuit, Message, State
from messaging.relay import wakeup

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
#: Failures further apart than this are no longer "in a row".
_IN_A_ROW = timedelta(minutes=10)
#: An outage is asked about less often the longer it lasts: the wait grows to this share of its age.
_SHARE_OF_AGE = 0.25


class Verdict(Enum):
    """What an exception tells of the system behind: it is down, or it is up and gave an answer that is an error."""

    DOWN = "down"
    UP = "up"


#: None: the exception tells nothing of the system, such as a bug of ours.
Judge = Callable[[Exception], Verdict | None]


class CircuitOpen(Exception):
    """The system behind is down, so nothing was asked of it. To be tried again after `seconds`, as if for the first
    time."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        super().__init__(name, seconds)

    def __str__(self) -> str:
        return f"{self.name} is down; it is asked again in {self.seconds:.0f} s."


_labels: dict[str, str | Promise] = {}
_simulated: set[str] = set()
_seen: dict[str, tuple[float, Circuit | None]] = {}


def register(name: str, label: str | Promise, *, is_simulated: bool = False) -> None:
    """Let operators see this circuit also while it has never failed. `label` is for people.

    Of a simulated system an outage can be played: `messaging.outages`.
    """
    _labels[name] = label
    if is_simulated:
        _simulated.add(name)


def labels() -> dict[str, str | Promise]:
    """The circuits of this project by name."""
    return dict(_labels)


def deferred_by_circuit() -> dict[str, int]:
    """How many pending messages each open circuit defers."""
    held = Message.objects.filter(state=State.PENDING).exclude(waits_for="").order_by()
    return dict(held.values_list("waits_for").annotate(Count("pk")))


def simulated() -> list[str]:
    """The circuits of systems that are only simulated, by name."""
    return sorted(_simulated)


@contextmanager
def guard(name: str, *, judge: Judge) -> Iterator[None]:
    """Stand around one call of the system `name`. Raises `CircuitOpen` instead of calling while it is down.

    That is raised after a probe failed, too: who tries for all others does not pay for it with an attempt.
    """
    if not settings.CONVEYOR_CIRCUIT_FAILURES:
        yield
        return
    circuit = _look(name)
    is_probe = circuit is not None and circuit.is_open and _claim_probe(name)
    try:
        yield
    except Exception as error:
        verdict = judge(error)
        if verdict is Verdict.DOWN:
            _no_answer(name, error, is_probe=is_probe)
        elif verdict is Verdict.UP:
            _answered(name, circuit)
        raise
    _answered(name, circuit)


def forget() -> None:
    """Drop what this process remembers, so that the next call looks."""
    _seen.clear()


def _look(name: str) -> Circuit | None:
    at, circuit = _seen.get(name, (0.0, None))
    if not at or time.monotonic() - at > LOOK_SECONDS:
        circuit = Circuit.objects.filter(pk=name).first()
        _seen[name] = (time.monotonic(), circuit)
    return circuit


def _claim_probe(name: str) -> bool:
    """Be the one who tries. Should this process die over it, another may after the time that a task can take.

    False: the circuit is closed again. Raises `CircuitOpen` while it is not yet time, or another one tries.
    """
    now = timezone.now()
    due = Circuit.objects.filter(pk=name, opened_at__isnull=False, probe_at__lte=now)
    until = now + timedelta(seconds=2 * settings.CONVEYOR_TASK_TIME_LIMIT)
    if due.update(probe_at=until, probing_since=now):
        return True
    circuit = Circuit.objects.get(pk=name)
    if circuit.is_open:
        raise CircuitOpen(name, _wait(circuit, now))
    _seen.pop(name, None)
    return False


def _no_answer(name: str, error: Exception, *, is_probe: bool) -> None:
    """Raises `CircuitOpen` for a probe."""
    now = timezone.now()
    with transaction.atomic():
        Circuit.objects.get_or_create(pk=name)
        circuit = Circuit.objects.select_for_update().get(pk=name)
        was_open = circuit.is_open
        _note(circuit, error, now)
        if is_probe or circuit.is_open != was_open:
            circuit.probe_at = now + timedelta(seconds=settings.CONVEYOR_CIRCUIT_SECONDS)
            circuit.probing_since = None
        circuit.save()
    _seen.pop(name, None)
    if circuit.is_open and not was_open:
        log.error("%s is down: %s. Its messages wait without spending attempts.", name, circuit.last_error)
    if is_probe and circuit.is_open:
        raise CircuitOpen(name, _wait(circuit, now)) from error


def _note(circuit: Circuit, error: Exception, now: datetime) -> None:
    """Keep who got no answer; the circuit opens once enough did."""
    if circuit.failed_at and now - circuit.failed_at > _IN_A_ROW:
        circuit.failing = []
    chain = tracing.current()
    message = str(chain.causation_id) if chain and chain.causation_id else ""
    if message and message not in circuit.failing and not circuit.is_open:
        circuit.failing = [*circuit.failing, message]
    circuit.failed_at, circuit.last_error = now, f"{type(error).__name__}: {error}"[:500]
    if not circuit.is_open and len(circuit.failing) >= settings.CONVEYOR_CIRCUIT_FAILURES:
        circuit.opened_at = now


def _answered(name: str, circuit: Circuit | None) -> None:
    """Forget failures; if the circuit was open, close it, and let go on all that waited for it."""
    if circuit is None or not (circuit.failing or circuit.is_open):
        return
    now = timezone.now()
    with transaction.atomic():
        opened = Circuit.objects.filter(pk=name, opened_at__isnull=False)
        closed = opened.update(opened_at=None, probe_at=None, probing_since=None, failing=[], closed_at=now)
        if closed:
            waiting = Message.objects.filter(state=State.PENDING, waits_for=name)
            released = waiting.update(available_at=now, waits_for="")
            wakeup.call()
        else:
            Circuit.objects.filter(pk=name).update(failing=[])
    _seen.pop(name, None)
    if closed:
        log.warning("%s answers again; %s messages that waited for it go on.", name, released)


def _wait(circuit: Circuit, now: datetime) -> float:
    """Seconds until the next probe, and then some, so that not all come at once.

    While one tries, `probe_at` lies where its process would be given up; the others need not wait for that.
    """
    next_probe = max(0.0, (circuit.probe_at - now).total_seconds()) if circuit.probe_at else 0.0
    age = (now - circuit.opened_at).total_seconds() if circuit.opened_at else 0.0
    spread = max(settings.CONVEYOR_CIRCUIT_SECONDS, age * _SHARE_OF_AGE)
    return min(next_probe, settings.CONVEYOR_CIRCUIT_SECONDS) + random.uniform(0, _bounded(spread))  # noqa: S311 - no secret


def _bounded(seconds: float) -> float:
    return min(seconds, float(settings.CONVEYOR_RETRY_MAX_SECONDS))
