"""Faults: what the network does to everybody else, until all of it ends."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from messaging import circuit_breaker
from tests.simulation.chance import FAULT
from tests.simulation.probe import RELEASES
from tests.simulation.scheduler import DELIVERIES, PROCESSES, ROWS

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Share of the faults that wait for work, and for how many of their own steps then.
EAGER, MOST_STEPS = 0.5, 12


def network(world: "World") -> None:
    """Breaks something every few seconds, and restores all at the end."""
    mind, pause = world.chance.stream("network"), world.scenario.pause
    faults = [each for each in FAULTS if each[0] in world.scenario.faults]

    def work() -> None:
        while True:
            _bide(world, mind, mean=pause)
            if world.scheduler.now >= world.trouble:
                break
            if not faults:
                continue
            name, fault = mind.choice(faults)
            seconds = mind.uniform(0.1, 2 * pause)
            if world.chance.allows(FAULT):
                world.scheduler.note(None, name)
                fault(world, seconds)
        world.end_faults()

    world.scheduler.spawn("network", work, mortal=False)


def _bide(world: "World", mind: random.Random, *, mean: float) -> None:
    """Wait for seconds, or until there is work and then for some steps: most time passes while nothing happens."""
    is_eager = mind.random() < EAGER
    world.scheduler.sleep(mind.expovariate(1 / mean), wakes_for=frozenset({ROWS, DELIVERIES} if is_eager else ()))
    for _ in range(mind.randint(0, MOST_STEPS) if is_eager else 0):
        world.scheduler.sleep(0)


def _stop_broker(world: "World", seconds: float) -> None:
    world.broker.stop()
    world.scheduler.sleep(seconds)
    world.broker.start()


def _wipe_broker(world: "World", seconds: float) -> None:
    world.broker.wipe()
    world.scheduler.sleep(seconds)
    world.broker.start()


def _hide_database(world: "World", seconds: float) -> None:
    world.database_is_away = True
    world.scheduler.sleep(seconds)
    world.database_is_away = False


def _double(world: "World", seconds: float) -> None:
    world.broker.double()


def _kill(world: "World", seconds: float) -> None:
    victims = [actor for actor in world.scheduler.actors if actor.name.startswith(PROCESSES)]
    victim = world.chance.stream("victim").choice(victims)
    victim.is_doomed, victim.wake_at = True, world.scheduler.now


def _outage(world: "World", seconds: float) -> None:
    name = world.chance.stream("outage").choice(sorted(circuit_breaker.simulated()))
    world.outages[name] = world.scheduler.now + 2.5 * seconds


def _jump(world: "World", seconds: float) -> None:
    """A host's clock is set, as after hours without a time server."""
    host = world.chance.stream("victim").choice(world.scheduler.actors).host
    host.clock = world.chance.stream("clocks").uniform(-world.skew, world.skew)


def _roll(world: "World", seconds: float) -> None:
    """A release is rolled out, or back, one host after the other."""
    world.release = world.chance.stream("releases").choice([each for each in RELEASES if each != world.release])
    for actor in list(world.scheduler.actors):
        world.scheduler.sleep(seconds / len(world.scheduler.actors))
        world.replace(actor)


FAULTS: tuple[tuple[str, Callable[["World", float], None]], ...] = (
    ("the broker stops", _stop_broker),
    ("the broker loses its data", _wipe_broker),
    ("the database is away", _hide_database),
    ("a message is doubled", _double),
    ("a process is killed", _kill),
    ("a process is killed", _kill),
    ("a gateway or carrier is away", _outage),
    ("a clock jumps", _jump),
    ("a release is rolled out", _roll),
)
NAMES = tuple(sorted({name for name, _fault in FAULTS}))
