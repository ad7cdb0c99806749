"""The scheduler: actors as coroutines, virtual time, and one source of chance."""

import hashlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

#: Virtual seconds of a step.
TICK = 0.001


class Crash(BaseException):
    """The actor was killed. Nothing that it does afterwards has an effect."""


@dataclass(eq=False)
class Actor:
    """`wake_at` in virtual seconds; `on_death` is called once it has ended or was killed."""

    name: str
    coroutine: greenlet
    wake_at: float = 0.0
    is_dead: bool = False
    is_doomed: bool = False
    is_mortal: bool = True
    on_death: Callable[[], None] = field(default=lambda: None)


class Scheduler:
    """Lets one actor at a time run up to its next border."""

    def __init__(self, *, seed: int, advance: Callable[[float], None]) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.steps = 0
        self.kill_chance = 0.0
        self.log: list[str] = []
        self.actors: list[Actor] = []
        self._advance = advance
        self._current: Actor | None = None
        self._hub = getcurrent()

    def spawn(
        self, name: str, work: Callable[[], None], *, mortal: bool = True, on_death: Callable[[], None] = lambda: None
    ) -> Actor:
        actor = Actor(name, greenlet(work, parent=self._hub), self.now, is_mortal=mortal, on_death=on_death)
        self.actors.append(actor)
        return actor

    def step(self) -> None:
        """Let an actor run that is awake; if all sleep, it is later."""
        awake = [actor for actor in self.actors if actor.wake_at <= self.now]
        self.move_to(self.now + TICK if awake else min(actor.wake_at for actor in self.actors))
        if not awake:
            return
        self.steps += 1
        self._run(self.random.choice(awake))

    def _run(self, actor: Actor) -> None:
        self._current = actor
        try:
            actor.coroutine.switch()
        except Crash:
            self.note(actor, "dies")
        finally:
            self._current = None
        if actor.coroutine.dead:
            self.actors.remove(actor)
            actor.on_death()

    def border(self, what: str) -> None:
        """The end of a step of the current actor; outside all actors, nothing."""
        actor = self._current
        if actor is None:
            return
        self._die_if_due(actor)
        self.note(actor, what)
        self._hub.switch()
        self._die_if_due(actor)

    def inner_border(self) -> None:
        """Between two statements of a transaction: nobody else runs, but the actor may die."""
        if self._current is not None:
            self._die_if_due(self._current)

    def sleep(self, seconds: float) -> None:
        actor = self._current
        if actor is not None:
            actor.wake_at = self.now + max(0.0, seconds)
            self.border("sleeps")

    def wait(self) -> None:
        """Sleep until `wake`."""
        self.sleep(math.inf)

    def wake(self) -> None:
        """Let all go on that `wait`."""
        for actor in self.actors:
            actor.wake_at = self.now if actor.wake_at == math.inf else actor.wake_at

    def move_to(self, moment: float) -> None:
        self._advance(moment - self.now)
        self.now = moment

    def note(self, actor: Actor | None, what: str) -> None:
        self.log.append(f"{self.now:9.3f} {actor.name if actor else 'world':<12} {what}")

    @property
    def digest(self) -> str:
        """Of everything that happened."""
        return hashlib.sha256("\n".join(self.log).encode()).hexdigest()

    def _die_if_due(self, actor: Actor) -> None:
        if actor.is_doomed or (actor.is_mortal and self.kill_chance and self.random.random() < self.kill_chance):
            actor.is_dead = True
        if actor.is_dead:
            raise Crash
