"""Kinds of faults: what each does, for how long at most, and how it ends.

Whoever applies a fault knows its end: simulated systems and the broker's launcher read it from a file, relays and
workers read a pause's from its row, and a lock of the database ends with its connection. So each ends by itself, even
if the process that began it is gone.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from celery import current_app
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kombu import Connection

from messaging import circuit_breaker, pauses, simulated_outages
from messaging.broker import inspect
from messaging.operations import actions
from messaging.operations.permissions import Actor
from messaging.topology import topology
from payments.gateways.simulated import FAILURE_RATE, LATENCY, NAME
from shop.demo import supervisor
from shop.demo.game_days import database_pause
from shop.models import Fault

WORKER_KILLED: Final = "worker-killed"
WORKER: Final = "worker-"
BROKER: Final = "broker"
_PAUSED_FOR: Final = "game day"


class CannotBegin(RuntimeError):
    """The fault cannot be injected here and now. Nothing was changed."""


@dataclass(frozen=True)
class Amount:
    """A number that a fault takes, in `unit`."""

    label: Promise
    default: float
    least: float
    most: float


@dataclass(frozen=True)
class Kind:
    """`seconds` is the default duration, `most` the longest; both are 0 for what happens in a moment.

    `require` raises `CannotBegin` where it cannot begin now. `begin` may set another end of the fault. `end` is None if
    it cannot be ended early. `targets` lists what can be chosen; a kind without it has none.
    """

    name: str
    label: Promise
    help: Promise
    begin: Callable[[Fault, float], None]
    end: Callable[[Fault], None] | None = None
    seconds: int = 60
    most: int = 600
    amount: Amount | None = None
    targets: Callable[[], list[str]] | None = None
    require: Callable[[Fault], None] = lambda fault: None

    @property
    def is_momentary(self) -> bool:
        return not self.most


def workers() -> list[str]:
    """Names of the worker processes; none without the supervisor."""
    try:
        return sorted(name for name in supervisor.processes() if name.startswith(WORKER))
    except supervisor.SupervisorAway:
        return []


def carriers() -> list[str]:
    return [name for name in circuit_breaker.simulated() if name != NAME]


def queues() -> list[str]:
    return list(topology().queues)


def _kill_worker(fault: Fault, seconds: float) -> None:
    """The fault lasts until the supervisor has started the worker again."""
    killed = supervisor.kill(fault.target)
    if supervisor.has_restarted(fault.target, since=killed):
        fault.ends_at = timezone.now()


def _require_own_broker() -> None:
    if BROKER not in supervisor.processes():
        raise CannotBegin(_("The broker at BROKER_URL is not this shop's own, and is not stopped."))


def _wipe_broker(fault: Fault, seconds: float) -> None:
    """Of the embedded broker, delete the disk, which its launcher notices; of another one, what its queues hold."""
    if _is_embedded():
        shutil.rmtree(Path(settings.VAR_DIR) / "valkey")
    elif not inspect.ask(_purge):
        raise CannotBegin(_("The broker does not answer."))


def _is_embedded() -> bool:
    """Its disk alone does not tell: one of an earlier start may lie there."""
    address = Path(settings.VAR_DIR) / "valkey.url"
    return address.is_file() and address.read_text().strip() == settings.BROKER_URL


def _purge(connection: Connection) -> bool:
    for queue in current_app.amqp.queues:
        with suppress(connection.channel_errors), connection.channel() as channel:  # it may not be declared yet
            channel.queue_purge(queue)
    return True


def _pause_queue(fault: Fault, seconds: float) -> None:
    actor = Actor.system(fault.begun_by)  # who may run a game day was checked
    actions.pause(queue=fault.target, actor=actor, reason=_PAUSED_FOR, seconds=seconds)


def _resume_queue(fault: Fault) -> None:
    """An operator may have resumed it, and paused it again for a reason of their own."""
    pause = pauses.current().get(fault.target)
    if pause is None or pause.reason != _PAUSED_FOR:
        raise actions.NotPaused(_("This fault is over."))
    actions.resume(queue=fault.target, actor=Actor.system(fault.begun_by), reason=_PAUSED_FOR)


def _pause_database(fault: Fault, seconds: float) -> None:
    if not database_pause.begin(seconds=seconds):
        raise CannotBegin(_("The database did not grant the lock in time. It is not paused."))


def _simulated(
    name: str,
    label: Promise,
    text: Promise,
    *,
    system: Callable[[Fault], str],
    unit: float = 1,
    check: Callable[[], None] = lambda: None,
    **options: Any,
) -> Kind:
    """A fault of the simulated system that `system` names, whose amount counts in `unit`."""

    def require(fault: Fault) -> None:
        check()
        known = system(fault)
        if known in circuit_breaker.simulated() and simulated_outages.is_active(name=known):  # one file for both
            text = _("A command has begun an outage of %(name)s. End it first: `manage.py outage %(name)s --end`.")
            raise CannotBegin(text % {"name": known})

    def begin(fault: Fault, seconds: float) -> None:
        require(fault)
        left = (fault.ends_at - timezone.now()).total_seconds()
        simulated_outages.begin(name=system(fault), seconds=left, amount=fault.amount * unit)

    def end(fault: Fault) -> None:
        simulated_outages.end(name=system(fault))

    return Kind(name, label, text, begin, end, require=require, **options)


_KINDS: Final = (
    _simulated(
        "gateway-outage",
        _("Gateway outage"),
        _("The payment gateway is unreachable."),
        system=lambda fault: NAME,
    ),
    _simulated(
        "slow-gateway",
        _("Slow gateway"),
        _("Each request to the payment gateway takes longer."),
        system=lambda fault: LATENCY,
        amount=Amount(_("extra seconds"), default=3, least=0.1, most=20),
    ),
    _simulated(
        "failing-gateway",
        _("Failing gateway"),
        _("A share of the requests to the payment gateway gets no answer."),
        system=lambda fault: FAILURE_RATE,
        unit=0.01,
        amount=Amount(_("percent"), default=50, least=1, most=100),
    ),
    _simulated(
        "carrier-outage",
        _("Carrier outage"),
        _("A carrier is unreachable."),
        system=lambda fault: fault.target,
        targets=carriers,
    ),
    Kind(
        WORKER_KILLED,
        _("Worker crash"),
        _("SIGKILL to a worker and its children. The supervisor restarts it at once."),
        _kill_worker,
        targets=workers,
        seconds=0,
        most=0,
    ),
    _simulated(
        "broker-stopped",
        _("Broker outage"),
        _("The embedded broker does not run, and keeps its data."),
        system=lambda fault: BROKER,
        check=_require_own_broker,
        seconds=30,
    ),
    Kind(
        "broker-wiped",
        _("Broker wipe"),
        _("Every message that the broker holds is lost."),
        _wipe_broker,
        seconds=0,
        most=0,
    ),
    Kind(
        "queue-paused",
        _("Queue pause"),
        _("Nothing is published to a queue or consumed from it."),
        _pause_queue,
        _resume_queue,
        targets=queues,
    ),
    Kind(
        "database-paused",
        _("Database pause"),
        _("A lock keeps everyone from writing to the ledger; on SQLite, to the whole database. Reads go on."),
        _pause_database,
        seconds=10,
        most=database_pause.MOST_SECONDS,
    ),
)
KINDS: Final = {kind.name: kind for kind in _KINDS}
