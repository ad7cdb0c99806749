"""One fault while orders come in, and what became of them."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tests.chaos.grounds import Ground, OwnServers
from tests.chaos.load import Load
from tests.chaos.verdict import Verdict, ended, judge
from tests.stack.database import Blocker

ORDERS, SECONDS = 12, 5.0


@dataclass(frozen=True)
class Scene:
    """A running stack, and the seed's choices."""

    stack: OwnServers
    chance: random.Random

    def bide(self, lower: float, upper: float) -> None:
        """Wait for some seconds between these."""
        time.sleep(self.chance.uniform(lower, upper))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`happen` breaks something and returns once it is restored; then all orders end within `limit` seconds.

    `spends`: attempts may be spent, since a process that had begun a task may be gone. Otherwise none is.
    """

    name: str
    does: str
    ground: Ground
    happen: Callable[[Scene], None]
    limit: float = 90.0
    spends: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """`seconds` is the time from the end of the fault until all orders had ended; None if they did not in time.

    `tails` are the last lines of every process if there are findings.
    """

    fault: Fault
    orders: int
    seconds: float | None
    verdict: Verdict
    accepted: int
    tails: str = ""

    @property
    def findings(self) -> list[str]:
        verdict = self.verdict
        late = [] if self.seconds is not None else [f"not all orders ended within {self.fault.limit:g} s"]
        spent = verdict.attempts if not self.fault.spends else []
        return [
            *late,
            *([f"{self.orders - self.accepted} orders were not accepted"] if self.accepted < self.orders else []),
            *(f"lost: {what}" for what in verdict.lost),
            *(f"doubled: {what}" for what in verdict.doubled),
            *(f"dead: {what}" for what in verdict.dead),
            *(f"broken: {what}" for what in verdict.broken),
            *(f"attempt spent: {what}" for what in spent),
        ]


def experiments(ground: Ground, faults: Iterable[Fault], *, seed: int, blocker: Blocker) -> Iterator[Result]:
    """Each fault on the stack that the one before has left; on a new stack after a finding."""
    waiting = list(faults)
    while waiting:
        with ground.running(blocker) as stack:
            result = None
            while waiting and (result is None or not result.findings):
                result = experiment(stack, waiting.pop(0), seed=seed)
                yield result


def experiment(stack: OwnServers, fault: Fault, *, seed: int, orders: int = ORDERS) -> Result:
    """Let the fault happen while orders come in, wait until they have ended, and judge."""
    chance = random.Random(f"{seed} {fault.name} {fault.ground.label}")
    load = Load(stack, chance, count=orders, seconds=SECONDS)
    load.start()
    try:
        wait_until(lambda: len(load.numbers) >= orders // 4, seconds=fault.limit)
        scene = Scene(stack, chance)
        scene.bide(0, 1)
        fault.happen(scene)
        seconds = wait_until(lambda: _is_over(stack, load), seconds=fault.limit)
    finally:
        load.stop()
    verdict = judge(stack, load.numbers, spending=list(load.spending()))
    result = Result(fault=fault, orders=orders, accepted=len(load.numbers), seconds=seconds, verdict=verdict)
    return replace(result, tails=stack.tails()) if result.findings else result


def _is_over(stack: OwnServers, load: Load) -> bool:
    stack.restart_dead()
    return load.is_over and ended(stack, load.numbers)


def wait_until(predicate: Callable[[], bool], *, seconds: float) -> float | None:
    """Seconds until it holds, or None if it does not in time."""
    began = time.monotonic()
    while not predicate():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.5)
    return time.monotonic() - began


def by_ground(faults: list[Fault]) -> Iterator[tuple[Ground, list[Fault]]]:
    """Faults that happen on one stack, one after the other."""
    for ground in dict.fromkeys(fault.ground for fault in faults):
        yield ground, [fault for fault in faults if fault.ground is ground]
