"""The scheduler: actors as coroutines, virtual time, and one source of chance."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from greenlet import getcurrent, greenlet

from tests.simulation.chance import DEATH, TURN, Chance

#: Virtual seconds of a step.
TICK = 0.001
#: Kinds of work: rows that a relay may claim, and messages that a worker may take.
ROWS, DELIVERIES = "rows", "deliveries"
SLEEPS = "sleeps"
#: How the names of actors begin that are processes of the backend.
PROCESSES = ("relay", "worker", "beat")


class Crash(BaseException):
    """The actor was killed. Nothing that it does afterwards has an effect."""


class Coroutine(Protocol):
    """How an actor runs: `switch` lets it, until it calls `pause` or ends; true once it has begun.

    `is_blocked`: it waits for a lock in the database that another actor's transaction has.
    """

    is_blocked: bool

    @property
    def dead(self) -> bool: ...

    def __bool__(self) -> bool: ...

    def switch(self) -> object: ...

    def pause(self) -> None: ...


class _Greenlet(greenlet):
    is_blocked = False

    def pause(self) -> None:
        self.parent.switch()


@dataclass(eq=False)
class Host:
    """A machine: its clock, in seconds ahead of the database's, and the release of the code that it runs."""

    clock: float
    release: int


@dataclass(eq=False)
class Actor:
    """`wake_at` in virtual seconds; `on_death` is called once it has ended or was killed.

    `wakes_for`: the kinds of work that end its sleep early.
    """

    name: str
    coroutine: Coroutine
    host: Host
    wake_at: float = 0.0
    wakes_for: frozenset[str] = frozenset()
    is_dead: bool = False
    is_doomed: bool = False
    is_mortal: bool = True
    on_death: Callable[[], None] = field(default=lambda: None)


class Scheduler:
    """Lets one actor at a time run up to its next border."""

    def __init__(
        self, *, chance: Chance, new_host: Callable[[], Host], look_from: Callable[[Host | None], None]
    ) -> None:
        """`look_from` sets the time and the code to those of a host; None: of the world."""
        self.chance = chance
        self.now = 0.0
        self.steps = 0
        self.kill_chance = 0.0
        self.log: list[str] = []
        self.actors: list[Actor] = []
        self._new_host, self._look_from = new_host, look_from
        self._turns = chance.stream(TURN)
        self._current: Actor | None = None
        self._last: Actor | None = None
        self._hub = getcurrent()
        self._has_ended = False

    @property
    def is_running(self) -> bool:
        """Whether an actor is at work, and not the world itself."""
        return self._current is not None

    @property
    def is_quiet(self) -> bool:
        """Whether all sleep."""
        return all(actor.wake_at > self.now for actor in self.actors)

    def spawn(
        self,
        name: str,
        work: Callable[[], None],
        *,
        host: Host | None = None,
        mortal: bool = True,
        on_death: Callable[[], None] = lambda: None,
    ) -> Actor:
        coroutine, host = self._coroutine(work), host or self._new_host()
        actor = Actor(name, coroutine, host, self.now, is_mortal=mortal, on_death=on_death)
        self.actors.append(actor)
        return actor

    def step(self) -> None:
        """Let an actor run that is awake; if all sleep, it is later."""
        able = [actor for actor in self.actors if not actor.coroutine.is_blocked]
        awake = [actor for actor in able if actor.wake_at <= self.now]
        self.move_to(self.now + TICK if awake else min(actor.wake_at for actor in able))
        if awake:
            self.steps += 1
            self._run(self._next(awake))

    def end(self) -> None:
        """Kill all: the `finally` of a coroutine that is forgotten would run in the middle of a later run."""
        self._has_ended = True
        for actor in self.actors:
            actor.is_dead = True
            while actor.coroutine and not actor.coroutine.dead:
                self._switch_to(actor)
        self.actors.clear()

    def border(self, what: str) -> None:
        """The end of a step of the current actor; outside all actors, nothing."""
        actor = self._current
        if actor is None:
            return
        self._die_if_due(actor)
        self.note(actor, what)
        actor.coroutine.pause()
        self._die_if_due(actor)

    def inner_border(self) -> None:
        """Between two statements of a transaction: nobody else runs, but the actor may die."""
        if self._current is not None:
            self._die_if_due(self._current)

    def sleep(self, seconds: float, *, wakes_for: frozenset[str] = frozenset()) -> None:
        """Sleep for virtual seconds, or until there is work of these kinds."""
        actor = self._current
        if actor is not None:
            actor.wake_at, actor.wakes_for = self.now + max(0.0, seconds), wakes_for
            self.border(SLEEPS)

    def announce(self, kind: str) -> None:
        """There is work of this kind."""
        for actor in self.actors:
            if kind in actor.wakes_for:
                actor.wake_at, actor.wakes_for = self.now, frozenset()

    def kill_current(self) -> None:
        """The current actor dies here."""
        if self._current is not None:
            self._crash(self._current)

    def move_to(self, moment: float) -> None:
        self.now = moment
        self._look_from(None)

    def note(self, actor: Actor | None, what: str) -> None:
        if not self._has_ended:
            self.log.append(f"{self.now:9.3f} {actor.name if actor else 'world':<26} {what}")

    @property
    def digest(self) -> str:
        """Of everything that happened."""
        return hashlib.sha256("\n".join(self.log).encode()).hexdigest()

    def _coroutine(self, work: Callable[[], None]) -> Coroutine:
        return _Greenlet(work, parent=self._hub)

    def _next(self, awake: list[Actor]) -> Actor:
        """The actor of the last step continues, unless chance gives another one its turn."""
        calm = self._last if self._last in awake else awake[0]
        chosen = self._turns.choice(awake)
        return chosen if chosen is not calm and self.chance.allows(TURN) else calm

    def _run(self, actor: Actor) -> None:
        self._last = actor
        self._switch_to(actor)
        if actor.coroutine.dead:
            self.actors.remove(actor)
            actor.on_death()

    def _switch_to(self, actor: Actor) -> None:
        self._current = actor
        self._look_from(actor.host)
        try:
            actor.coroutine.switch()
        except Crash:
            self.note(actor, "dies")
        finally:
            self._current = None
            self._look_from(None)

    def _die_if_due(self, actor: Actor) -> None:
        is_due = actor.is_doomed or (actor.is_mortal and self.chance.strikes(DEATH, self.kill_chance))
        if actor.is_dead or is_due:
            self._crash(actor)

    def _crash(self, actor: Actor) -> NoReturn:
        actor.is_dead = True
        raise Crash
