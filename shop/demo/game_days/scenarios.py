"""Scenarios of game days: what is ordered and what breaks, decided by a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.demo.game_days.kinds import WORKER_KILLED

#: Seconds of orders before the first fault and after the last one.
LEAD, TAIL = 2.0, 3.0


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """`at` is in seconds from the start; `pick`, below 1, chooses a product."""

    at: float
    pick: float
    is_express: bool


@dataclass(frozen=True, slots=True)
class PlannedFault:
    at: float
    kind: str
    target: str = ""
    seconds: float | None = None
    amount: float | None = None


Faults = Callable[[Random, float], list[PlannedFault]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The same scenario, seed, size and duration always give the same plan."""

    scenario: str
    seed: int
    orders: tuple[PlannedOrder, ...]
    faults: tuple[PlannedFault, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`seconds` is how long faults last, or are spread over; `faults` plans them."""

    name: str
    help: str | Promise
    seconds: int
    faults: Faults


def plan(*, scenario: Scenario, seed: int, orders: int, seconds: float) -> Plan:
    random = Random(f"{scenario.name} {seed}")  # noqa: S311 - a plan is no secret
    span = LEAD + seconds + TAIL
    placed = [PlannedOrder(random.uniform(0, span), random.random(), random.random() < 0.2) for _n in range(orders)]
    return Plan(
        scenario.name, seed, tuple(sorted(placed, key=lambda order: order.at)), tuple(scenario.faults(random, seconds))
    )


def _lasting(
    kind: str, *, target: str = "", amounts: tuple[float, float] | None = None
) -> Callable[..., list[PlannedFault]]:
    """One fault that lasts the whole time, with an amount between two bounds."""

    def faults(random: Random, seconds: float) -> list[PlannedFault]:
        return [PlannedFault(LEAD, kind, target, seconds, random.uniform(*amounts) if amounts else None)]

    return faults


def _kills(random: Random, seconds: float) -> list[PlannedFault]:
    """Three kills of the workers that orders need, each in a third of the time, so that the dead restart meanwhile.

    The gateway is slow, so that a killed worker holds a message.
    """
    targets = ["worker-payments", *(random.choice(["worker-payments", "worker-shipping"]) for _n in range(2))]
    third = seconds / len(targets)
    kills = [
        PlannedFault(LEAD + third * (place + (1 + random.random()) / 3), WORKER_KILLED, target)
        for place, target in enumerate(targets)
    ]
    return [PlannedFault(LEAD, "slow-gateway", seconds=seconds, amount=random.uniform(1, 2)), *kills]


def _wipes(random: Random, seconds: float) -> list[PlannedFault]:
    """The gateway is slow meanwhile, so that the broker holds messages that it can lose."""
    slow = PlannedFault(LEAD, "slow-gateway", seconds=seconds, amount=random.uniform(2, 4))
    return [slow, PlannedFault(LEAD + random.uniform(seconds / 2, seconds), "broker-wiped")]


_LATENCY, _FAILURES = (2.0, 6.0), (40.0, 60.0)
_SCENARIOS = (
    Scenario("gateway-outage", _("the payment gateway is unreachable"), 30, _lasting("gateway-outage")),
    Scenario("slow-gateway", _("the payment gateway is slow"), 30, _lasting("slow-gateway", amounts=_LATENCY)),
    Scenario("failing-gateway", _("half of the charges fail"), 30, _lasting("failing-gateway", amounts=_FAILURES)),
    Scenario("carrier-outage", _("a carrier fails"), 30, _lasting("carrier-outage", target="carrier.swiftpost")),
    Scenario("worker-killed", _("workers are killed three times, beside a slow gateway"), 15, _kills),
    Scenario("broker-stopped", _("the broker is away"), 20, _lasting("broker-stopped")),
    Scenario("broker-wiped", _("the broker loses all that it holds, beside a slow gateway"), 10, _wipes),
    Scenario("database-paused", _("nothing can be written"), 8, _lasting("database-paused")),
)
SCENARIOS = {scenario.name: scenario for scenario in _SCENARIOS}
