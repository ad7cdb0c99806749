"""Faults of the links between the shop's hosts and its servers: every packet is lost without an error."""

from collections.abc import Callable
from typing import cast

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import LINKS, THREE_HOSTS, AcrossLinks, Ground, ThreeHosts

#: Longer than the time limit of a task (15 s) and than the visibility timeout (8 s).
LOST = 20.0


def _lose(*ends: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        links = cast(AcrossLinks | ThreeHosts, scene.stack).links
        for end in ends:
            links[end].cut()
        scene.bide(LOST, LOST + 2)
        for end in ends:
            links[end].restore()

    return happen


def _fault(name: str, *ends: str, spends: bool, ground: Ground = LINKS) -> Fault:
    does = f"every packet lost for {LOST:g} s, connections stay open"
    return Fault(name=name, does=does, ground=ground, happen=_lose(*ends), spends=spends)


FAULTS = (
    _fault("link to RabbitMQ cut", "broker", spends=True),
    _fault("link to PostgreSQL cut", "database", spends=False),
    _fault("both links cut", "broker", "database", spends=True),
    _fault("workers' host cut off", "workers", spends=True, ground=THREE_HOSTS),
    # A transaction that was open there keeps its locks, and a task that waits for them may exceed its time limit.
    _fault("host of web and relay cut off", "web", spends=True, ground=THREE_HOSTS),
)
