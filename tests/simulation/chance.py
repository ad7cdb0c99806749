"""Chance of a run: a stream of random numbers for each purpose, and the list of what it made happen.

Whatever can go wrong is asked for here and counted by its kind. A run may be repeated with some of it only, which is
how a failing one shrinks: nothing else has to know.
"""

import random
from collections import Counter
from typing import Final

#: A kind, and which one of that kind it is in the run.
Event = tuple[str, int]
#: Kinds of events: another actor's turn, an actor's death, a confirm that is lost, and so on.
TURN: Final = "turn"
DEATH: Final = "death"
FAULT: Final = "fault"
SHOPPER: Final = "shopper"
LOST_CONFIRM: Final = "lost confirm"
DISORDER: Final = "disorder"
PROBE_FAILS: Final = "probe fails"
SKEW: Final = "a host's clock differs"
BEHIND: Final = "a host has another release"


class Chance:
    """`only`: the events that may happen; None: all."""

    def __init__(self, seed: int, *, only: frozenset[Event] | None = None) -> None:
        self.happened: list[Event] = []
        self._seed, self._only = seed, only
        self._streams: dict[str, random.Random] = {}
        self._counts: Counter[str] = Counter()

    def stream(self, purpose: str) -> random.Random:
        """The numbers for one purpose, which do not depend on how many others were drawn."""
        if purpose not in self._streams:
            self._streams[purpose] = random.Random(f"{self._seed} {purpose}")
        return self._streams[purpose]

    def strikes(self, kind: str, probability: float) -> bool:
        """Whether an event of this kind happens, which has this probability."""
        return probability > 0 and self.stream(kind).random() < probability and self.allows(kind)

    def allows(self, kind: str) -> bool:
        """Count an event that is about to happen. False: it is left out of this run."""
        event = (kind, self._counts[kind])
        self._counts[kind] += 1
        if self._only is not None and event not in self._only:
            return False
        self.happened.append(event)
        return True
