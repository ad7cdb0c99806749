"""Circuit breaker: stops calls to an external system that is down, so that messages spend no attempts on it.

While closed, `guard` costs one query per second and process. After `CONVEYOR_CIRCUIT_FAILURES` different messages in a
row got no answer, the circuit opens: `guard` raises `CircuitOpen` without calling, and the message is deferred in the
ledger. Every `CONVEYOR_CIRCUIT_SECONDS` one message may probe; an answer closes the circuit, which is one row, and the
relay releases the deferred messages in batches. All times are the database's. Pattern: Michael Nygard, "Release It!".
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.functional import Promise

from messaging import tracing
from messaging.conf import settings
from messaging.models import Circuit, Message, MessageQuerySet, State
from messaging.models.backlog import COUNTED
from messaging.recording.storable import text
from messaging.worker.time_limits import soft_limit_behind

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
#: Failures further apart than this do not count as consecutive.
_IN_A_ROW = timedelta(minutes=10)
#: Deferred messages retry less often the longer the outage lasts: their delay grows to this share of its age.
_SHARE_OF_AGE = 0.25


class Verdict(Enum):
    """What an exception says about the external system: it is down, or it is up and answered with an error.

    `CLOSED_TO_US`: it answers, and refuses whatever this project asks, as with an invalid API key. There is no need to
    count: the circuit opens at once, and the message that found out spends no attempt either.
    """

    DOWN = "down"
    UP = "up"
    CLOSED_TO_US = "closed to us"


#: None: the exception says nothing about the system, such as a bug in our code.
Judge = Callable[[Exception], Verdict | None]


class CircuitOpen(Exception):
    """The external system is down and was not called. Retry after `seconds`; no attempt is spent."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        super().__init__(name, seconds)

    def __str__(self) -> str:
        return f"{self.name} is unreachable; next probe in {self.seconds:.0f} s."


_labels: dict[str, str | Promise] = {}
_simulated: set[str] = set()
_cache: dict[str, tuple[float, Circuit | None]] = {}


def register(name: str, label: str | Promise, *, is_simulated: bool = False) -> None:
    """List this circuit, under its display name `label`, before its first failure."""
    _labels[name] = label
    if is_simulated:
        _simulated.add(name)


def labels() -> dict[str, str | Promise]:
    """Display names of the registered circuits, by name."""
    return dict(_labels)


def deferred_by_circuit() -> dict[str, int]:
    """Number of messages each circuit defers, `COUNTED` at most. One statement per circuit that ever failed."""
    counted = {name: _waiting(name)[:COUNTED].count() for name in Circuit.objects.values_list("pk", flat=True)}
    return dict.fromkeys(_labels, 0) | counted


def release_waiting(*, limit: int = 1000) -> int:
    """Make due up to `limit` messages whose circuit is not open, the most urgent first. Returns how many.

    It looks at what is, not at what has just closed, and so finds a message that was deferred during the close as well.
    """
    released = 0
    for name in Circuit.objects.filter(Exists(_waiting(OuterRef("pk"))), opened_at=None).values_list("pk", flat=True):
        with transaction.atomic():
            rows = _waiting(name).order_by("-priority", "available_at").select_for_update(skip_locked=True)
            ids = list(rows.values_list("pk", flat=True)[: limit - released])
            released += _waiting(name).filter(pk__in=ids).update(available_at=Now(), waits_for="")
    return released


def _waiting(name: str | OuterRef) -> MessageQuerySet:
    """What the circuit defers. The second condition on `waits_for` is the one of its partial index."""
    return Message.objects.filter(state=State.PENDING, waits_for=name).exclude(waits_for="")


def simulated() -> list[str]:
    """Names of the circuits of simulated systems."""
    return sorted(_simulated)


@contextmanager
def guard(name: str, *, judge: Judge) -> Iterator[None]:
    """Guard one call of the system `name`. Raises `CircuitOpen` instead of calling it while the circuit is open.

    A failed probe raises it, too: the message that probes for all others does not pay with an attempt.
    """
    if not settings.CONVEYOR_CIRCUIT_FAILURES:
        yield
        return
    circuit = _cached(name)
    is_probe = circuit is not None and circuit.is_open and _claim_probe(name)
    try:
        yield
    except Exception as error:
        verdict = _verdict(error, judge)
        if verdict in (Verdict.DOWN, Verdict.CLOSED_TO_US):
            _record_failure(name, error, is_probe=is_probe, opens=verdict is Verdict.CLOSED_TO_US)
        elif verdict is Verdict.UP:
            _record_answer(name, circuit)
        elif is_probe:
            _give_up_probe(name)
        raise
    _record_answer(name, circuit)


def _verdict(error: Exception, judge: Judge) -> Verdict | None:
    """What the failure says about the system: nothing if our own time limit is among its causes."""
    if soft_limit_behind(error):
        return None
    try:
        return judge(error)
    except Exception:
        log.exception("cannot judge what %s says about the system", type(error).__name__)
        return None


def forget() -> None:
    """Clear this process's cache of circuits."""
    _cache.clear()


def _cached(name: str) -> Circuit | None:
    at, circuit = _cache.get(name, (0.0, None))
    if not at or time.monotonic() - at > LOOK_SECONDS:
        circuit = Circuit.objects.filter(pk=name).first()
        _cache[name] = (time.monotonic(), circuit)
    return circuit


def _claim_probe(name: str) -> bool:
    """Claim the next probe, for twice a task's time limit in case this process dies.

    False: the circuit has closed. Raises `CircuitOpen` if no probe is due or another message is probing.
    """
    due = Circuit.objects.filter(pk=name, opened_at__isnull=False, probe_at__lte=Now())
    if due.update(probe_at=Now() + timedelta(seconds=2 * settings.CONVEYOR_TASK_TIME_LIMIT), probing_since=Now()):
        return True
    circuit = Circuit.objects.annotate(now=Now()).filter(pk=name, opened_at__isnull=False).first()
    if circuit is not None:
        raise CircuitOpen(name, _retry_after(circuit, circuit.now))
    _cache.pop(name, None)
    return False


def _give_up_probe(name: str) -> None:
    """The probe said nothing about the system: another message may probe after the usual pause."""
    probe_at = Now() + timedelta(seconds=settings.CONVEYOR_CIRCUIT_SECONDS)
    Circuit.objects.filter(pk=name, opened_at__isnull=False).update(probe_at=probe_at, probing_since=None)


def _record_failure(name: str, error: Exception, *, is_probe: bool, opens: bool) -> None:
    """Record a call without an answer. Raises `CircuitOpen` for a probe, and if this failure alone `opens` it."""
    with transaction.atomic():
        Circuit.objects.get_or_create(pk=name)
        circuit = Circuit.objects.annotate(now=Now()).select_for_update().get(pk=name)
        now, was_open = circuit.now, circuit.is_open
        _count_failure(circuit, error, now)
        if opens and not was_open:
            circuit.opened_at = now
        if is_probe or circuit.is_open != was_open:
            circuit.probe_at = now + timedelta(seconds=settings.CONVEYOR_CIRCUIT_SECONDS)
            circuit.probing_since = None
        circuit.save()
    _cache.pop(name, None)
    if circuit.is_open and not was_open:
        log.error("%s is unreachable, circuit open: %s; messages are deferred", name, circuit.last_error)
    if (is_probe or opens) and circuit.is_open:
        raise CircuitOpen(name, _retry_after(circuit, now)) from error


def _count_failure(circuit: Circuit, error: Exception, now: datetime) -> None:
    """Count the message that got no answer; open the circuit once enough did."""
    if circuit.failed_at and now - circuit.failed_at > _IN_A_ROW:
        circuit.failing = []
    chain = tracing.current()
    message = str(chain.causation_id) if chain and chain.causation_id else ""
    if message and message not in circuit.failing and not circuit.is_open:
        circuit.failing = [*circuit.failing, message]
    circuit.failed_at, circuit.last_error = now, text(f"{type(error).__name__}: {error}")[:500]
    if not circuit.is_open and len(circuit.failing) >= settings.CONVEYOR_CIRCUIT_FAILURES:
        circuit.opened_at = now


def _record_answer(name: str, circuit: Circuit | None) -> None:
    """Reset the failures and close the circuit: one row, however many messages wait."""
    if circuit is None or not (circuit.failing or circuit.is_open):
        return
    reset: dict[str, Any] = {"opened_at": None, "probe_at": None, "probing_since": None, "failing": []}
    closed = Circuit.objects.filter(pk=name, opened_at__isnull=False).update(**reset, closed_at=Now())
    if not closed:
        Circuit.objects.filter(pk=name).update(failing=[])
    _cache.pop(name, None)
    if closed:
        log.warning("%s is reachable again, circuit closed; the relay releases what it deferred", name)


def _retry_after(circuit: Circuit, now: datetime) -> float:
    """Seconds until the next probe plus jitter, so that deferred messages do not all return at once.

    During a probe `probe_at` is when its process would be presumed dead, which is too long to wait for.
    """
    pause = settings.CONVEYOR_CIRCUIT_SECONDS
    next_probe = max(0.0, (circuit.probe_at - now).total_seconds()) if circuit.probe_at else 0.0
    age = (now - circuit.opened_at).total_seconds() if circuit.opened_at else 0.0
    spread = min(max(pause, age * _SHARE_OF_AGE), float(settings.CONVEYOR_RETRY_MAX_SECONDS))
    return min(next_probe, pause) + random.uniform(0, spread)  # noqa: S311 - not a secret
