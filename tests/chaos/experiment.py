"""One fault while orders come in, and what became of them."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from tests.chaos.grounds import Ground, OwnServers
from tests.chaos.load import Load
from tests.chaos.verdict import Verdict, ended, judge
from tests.stack.database import Blocker

#: Orders within seconds. A fault begins once the first of them are accepted.
ORDERS, SECONDS, FIRST = 12, 5.0, 3


@dataclass(frozen=True)
class Scene:
    """A running stack, the orders that come in, and the seed's choices."""

    stack: OwnServers
    load: Load
    chance: random.Random

    def bide(self, lower: float, upper: float) -> None:
        """Wait for some seconds between these."""
        time.sleep(self.chance.uniform(lower, upper))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`happen` breaks something and returns once it is restored; then all orders end within `limit` seconds.

    `orders` come in within `seconds`; with `parts`, a part of them each time that `happen` calls `load.open_next`, too.
    `spends`: attempts may be spent, since a process that had begun a task may be gone. Otherwise none is.
    """

    name: str
    does: str
    ground: Ground
    happen: Callable[[Scene], None]
    limit: float = 90.0
    orders: int = ORDERS
    seconds: float = SECONDS
    parts: int = 1
    spends: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """`seconds` is the time from the end of the fault until all orders had ended; None if they did not in time.

    `took` is that of the whole experiment. `error` says why the fault did not happen as it should. `tails` are the last
    lines of every process if there are findings.
    """

    fault: Fault
    seed: int
    orders: int
    seconds: float | None
    verdict: Verdict
    accepted: int
    took: float = 0.0
    error: str = ""
    tails: str = ""

    @property
    def findings(self) -> list[str]:
        verdict = self.verdict
        late = [] if self.seconds is not None else [f"not all orders ended within {self.fault.limit:g} s"]
        spent = verdict.attempts if not self.fault.spends else []
        return [
            *([f"the fault: {self.error}"] if self.error else []),
            *late,
            *([f"{self.orders - self.accepted} orders were not accepted"] if self.accepted < self.orders else []),
            *(f"lost: {what}" for what in verdict.lost),
            *(f"doubled: {what}" for what in verdict.doubled),
            *(f"dead: {what}" for what in verdict.dead),
            *(f"broken: {what}" for what in verdict.broken),
            *(f"attempt spent: {what}" for what in spent),
        ]


def experiments(ground: Ground, faults: Iterable[Fault], *, seeds: Iterable[int], blocker: Blocker) -> Iterator[Result]:
    """Each fault from each seed, on the stack that the one before has left; on a new stack after a finding."""
    waiting = [(fault, seed) for seed, fault in product(seeds, faults)]
    while waiting:
        with ground.running(blocker) as stack:
            result = None
            while waiting and (result is None or not result.findings):
                fault, seed = waiting.pop(0)
                result = experiment(stack, fault, seed=seed)
                yield result


def experiment(stack: OwnServers, fault: Fault, *, seed: int) -> Result:
    """Let the fault happen while orders come in, wait until they have ended, and judge."""
    began, chance, error = time.monotonic(), random.Random(f"{seed} {fault.name} {fault.ground.label}"), ""
    load = Load(stack, chance, count=fault.orders, seconds=fault.seconds, parts=fault.parts)
    load.start()
    try:
        wait_until(lambda: len(load.numbers) >= FIRST, seconds=fault.limit)
        scene = Scene(stack, load, chance)
        scene.bide(0, 1)
        try:
            fault.happen(scene)
        except AssertionError as failed:
            error = str(failed)
        seconds = wait_until(lambda: _is_over(stack, load), seconds=fault.limit)
    finally:
        load.stop()
    verdict = judge(stack, load.numbers, spending=list(load.spending()))
    result = Result(
        fault=fault, seed=seed, orders=fault.orders, accepted=len(load.numbers), seconds=seconds, verdict=verdict,
        took=time.monotonic() - began, error=error,
    )  # fmt: skip
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
