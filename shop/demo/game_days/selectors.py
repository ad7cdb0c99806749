"""Contents of the fault board: active and past faults, the pipeline, what can be injected, and reports."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from messaging import circuit_breaker, simulated_outages
from messaging.operations.dashboard.circuits import CircuitRow, circuit_rows
from messaging.operations.dashboard.pipeline_diagram import TALL, Pipeline, pipeline
from messaging.operations.dashboard.queue_status import queue_rows
from payments.gateways.simulated import NAME
from shop.demo import supervisor
from shop.demo.game_days import report, services
from shop.demo.game_days.kinds import KINDS, Kind
from shop.models import Fault

PAST_SHOWN = 10
_STOPPED = ("STOPPED", "STOPPING", "FATAL")
#: A report covers the orders placed from this long before a fault until this long after its end.
BEFORE, AFTER = timedelta(seconds=30), timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class FaultRow:
    fault: Fault
    label: str | Promise
    can_be_ended: bool


@dataclass(frozen=True, slots=True)
class CommandFault:
    """A fault that a command began, and that `command` ends."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Board:
    at: datetime
    active: Sequence[FaultRow]
    begun_by_command: Sequence[CommandFault]
    past: Sequence[FaultRow]
    diagram: Pipeline
    diagram_on_phones: Pipeline
    circuits: Sequence[CircuitRow]
    broker_reachable: bool
    cured: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind with its targets, of which there may be none, where the supervisor is away."""

    kind: Kind
    needs_target: bool
    targets: Sequence[str]


def board() -> Board:
    now, rows = timezone.now(), queue_rows()
    active = Fault.objects.filter(ends_at__gt=now)
    return Board(
        at=now,
        active=[_row(fault) for fault in active],
        begun_by_command=[*_outages(active), *_stopped_processes()],
        past=[_row(fault) for fault in Fault.objects.filter(ends_at__lte=now)[:PAST_SHOWN]],
        diagram=pipeline(rows),
        diagram_on_phones=pipeline(rows, TALL),
        circuits=[row for row in circuit_rows() if row.is_open],
        broker_reachable=any(row.depth is not None for row in rows),
        cured=services.cured(),
    )


def choices() -> list[Choice]:
    return [Choice(kind, kind.targets is not None, kind.targets() if kind.targets else ()) for kind in KINDS.values()]


def label_of(fault: Fault) -> str:
    """Such as "Carrier outage carrier.swiftpost"; the kind's name if this release has no such kind."""
    label = KINDS[fault.kind].label if fault.kind in KINDS else fault.kind
    return f"{label} {fault.target}".strip()


def report_of(fault: Fault) -> dict[str, Any]:
    """The report about the orders placed around the fault."""
    numbers = report.placed_between(began_at=fault.began_at - BEFORE, ended_at=fault.ends_at + AFTER)
    is_over = fault.ends_at <= timezone.now()
    measured = report.measure(numbers=numbers, began_at=fault.began_at, ended_at=fault.ends_at)
    return {"report": measured, "is_over": is_over, "before": BEFORE.seconds, "after": AFTER.seconds}


def _row(fault: Fault) -> FaultRow:
    return FaultRow(fault, label_of(fault), fault.kind in KINDS and KINDS[fault.kind].end is not None)


def _outages(active: Iterable[Fault]) -> Iterator[CommandFault]:
    """Of `manage.py outage`: those of simulated systems without a fault of the board."""
    shown = {(fault.kind, fault.target) for fault in active}
    for name in circuit_breaker.simulated():
        fault = Fault(kind="gateway-outage") if name == NAME else Fault(kind="carrier-outage", target=name)
        if (fault.kind, fault.target) not in shown and simulated_outages.is_active(name=name):
            yield CommandFault(label_of(fault), f"manage.py outage {name} --end")


def _stopped_processes() -> Iterator[CommandFault]:
    """Of `manage.py demo stop`; none without the supervisor."""
    with suppress(supervisor.SupervisorAway):
        for name, state in sorted(supervisor.processes().items()):
            if state in _STOPPED:
                yield CommandFault(_("Process stopped: %(name)s") % {"name": name}, f"manage.py demo start {name}")
