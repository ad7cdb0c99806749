"""Scenarios: how large a run is, and which faults and people it has, all drawn from its seed.

Most runs are small: one order, a few seconds and some kinds of faults cost a fraction of a run with everything, and
show what another fault or another order would have repaired (Groce's swarm testing).
"""

import random
from dataclasses import dataclass
from typing import Final

from tests.simulation.faults import NAMES
from tests.simulation.probe import RELEASES

#: Seconds by which clocks differ at most, in a run.
SKEWS: Final = (0.0, 5.0, 1800.0)


@dataclass(frozen=True)
class Size:
    """Most shoppers and relays, the least and most virtual seconds of trouble, the mean of those between two faults."""

    shoppers: int
    relays: int
    trouble: tuple[float, float]
    pause: float


SMALL: Final = Size(shoppers=1, relays=1, trouble=(1, 10), pause=1.5)
MEDIUM: Final = Size(shoppers=2, relays=2, trouble=(5, 25), pause=3)
LARGE: Final = Size(shoppers=4, relays=2, trouble=(10, 60), pause=4)
#: Of a hundred runs.
SHARES: Final = {SMALL: 85, MEDIUM: 12, LARGE: 3}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Seconds are virtual. `faults` are the kinds that may happen; the others are chances of single events."""

    shoppers: int
    relays: int
    trouble: float
    pause: float
    faults: frozenset[str]
    first_tick: float
    chores_every: float
    skew: float
    release: int
    is_reconciled: bool
    intervenes: bool
    lose_confirm: float
    disorder: float
    probe_fails: float
    kill_chance: float
    is_rolling: bool


def drawn(dice: random.Random) -> Scenario:
    (size,) = dice.choices(tuple(SHARES), tuple(SHARES.values()))
    return Scenario(
        shoppers=dice.randint(1, size.shoppers),
        relays=dice.randint(1, size.relays),
        trouble=dice.uniform(*size.trouble),
        pause=size.pause,
        faults=frozenset(name for name in NAMES if dice.random() < 0.5),
        first_tick=dice.choice((0.0, size.trouble[1])),
        chores_every=dice.choice((8.0, 16.0)),
        skew=dice.choice(SKEWS),
        release=dice.choice(RELEASES),
        is_reconciled=dice.random() < 0.3,
        intervenes=dice.random() < 0.5,
        lose_confirm=dice.choice((0, 0.2)),
        disorder=dice.choice((0, 0.3)),
        probe_fails=dice.choice((0, 0.3)),
        kill_chance=dice.choice((0, 0.005, 0.03)),
        is_rolling=dice.random() < 0.3,
    )
