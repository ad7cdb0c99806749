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

from celery import current_app
from django.conf import settings
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

BROKER = "broker"
_PAUSED_FOR = "game day"


class CannotBegin(RuntimeError):
    """The fault cannot be injected here and now. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number that a fault takes, in `unit`."""

    label: str | Promise
    default: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`seconds` is the default duration, `most` the longest; both are 0 for what happens in a moment.

    `targets` lists what can be chosen; a kind without it has none. `end` is None if it cannot be ended early.
    """

    name: str
    label: str | Promise
    help: str | Promise
    begin: Callable[[Fault, float], None]
    end: Callable[[Fault], None] | None = None
    seconds: int = 60
    most: int = 600
    amount: Amount | None = None
    targets: Callable[[], list[str]] | None = None

    @property
    def is_momentary(self) -> bool:
        return not self.most


def workers() -> list[str]:
    """Names of the worker processes; none without the supervisor."""
    try:
        return sorted(name for name in supervisor.processes() if name.startswith("worker-"))
    except supervisor.SupervisorAway:
        return []


def carriers() -> list[str]:
    return [name for name in circuit_breaker.simulated() if name != NAME]


def queues() -> list[str]:
    return list(topology().queues)


def _simulated(name: Callable[[Fault], str]) -> tuple[Callable[[Fault, float], None], Callable[[Fault], None]]:
    """`begin` and `end` of a simulated fault with this name."""

    def begin(fault: Fault, seconds: float) -> None:
        simulated_outages.begin(name=name(fault), seconds=seconds, amount=fault.amount)

    return begin, lambda fault: simulated_outages.end(name=name(fault))


def _begin_failures(fault: Fault, seconds: float) -> None:
    simulated_outages.begin(name=FAILURE_RATE, seconds=seconds, amount=fault.amount / 100)


def _stop_broker(fault: Fault, seconds: float) -> None:
    if BROKER not in supervisor.processes():
        raise CannotBegin(_("The broker at BROKER_URL is not this shop's own, and is not stopped."))
    simulated_outages.begin(name=BROKER, seconds=seconds)


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


_begin_outage, _end_outage = _simulated(lambda fault: NAME)
_begin_latency, _end_latency = _simulated(lambda fault: LATENCY)
_begin_carrier, _end_carrier = _simulated(lambda fault: fault.target)
_KINDS = (
    Kind(
        name="gateway-outage",
        label=_("Gateway outage"),
        help=_("The payment gateway is unreachable."),
        begin=_begin_outage,
        end=_end_outage,
    ),
    Kind(
        name="slow-gateway",
        label=_("Slow gateway"),
        help=_("Each request to the payment gateway takes longer."),
        begin=_begin_latency,
        end=_end_latency,
        amount=Amount(label=_("extra seconds"), default=3, least=0.1, most=20),
    ),
    Kind(
        name="failing-gateway",
        label=_("Failing gateway"),
        help=_("A share of the requests to the payment gateway gets no answer."),
        begin=_begin_failures,
        end=lambda fault: simulated_outages.end(name=FAILURE_RATE),
        amount=Amount(label=_("percent"), default=50, least=1, most=100),
    ),
    Kind(
        name="carrier-outage",
        label=_("Carrier outage"),
        help=_("A carrier is unreachable."),
        begin=_begin_carrier,
        end=_end_carrier,
        targets=carriers,
    ),
    Kind(
        name="worker-killed",
        label=_("Kill a worker"),
        help=_("SIGKILL to a worker and its children. The supervisor restarts it at once."),
        begin=lambda fault, seconds: supervisor.kill(fault.target),
        seconds=0,
        most=0,
        targets=workers,
    ),
    Kind(
        name="broker-stopped",
        label=_("Stop the broker"),
        help=_("The embedded broker does not run, and keeps its data."),
        begin=_stop_broker,
        end=lambda fault: simulated_outages.end(name=BROKER),
        seconds=30,
    ),
    Kind(
        name="broker-wiped",
        label=_("Wipe the broker"),
        help=_("Every message that the broker holds is lost."),
        begin=_wipe_broker,
        seconds=0,
        most=0,
    ),
    Kind(
        name="queue-paused",
        label=_("Pause a queue"),
        help=_("Nothing is published to a queue or consumed from it."),
        begin=_pause_queue,
        end=_resume_queue,
        targets=queues,
    ),
    Kind(
        name="database-paused",
        label=_("Pause the database"),
        help=_("A lock keeps everyone from writing to the ledger; on SQLite, to the whole database. Reads go on."),
        begin=_pause_database,
        seconds=10,
        most=database_pause.MOST_SECONDS,
    ),
)
KINDS = {kind.name: kind for kind in _KINDS}
