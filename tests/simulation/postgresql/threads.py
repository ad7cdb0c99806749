"""Actors as threads: one runs at a time, and a statement that waits for a lock gives way to the others."""

import threading
from collections.abc import Callable, Collection
from typing import Any, NoReturn, TypeVar

from celery import current_app
from django.db import connection

from tests.simulation.postgresql.sessions import LOOK_SECONDS, Monitor, is_deadlocked, pause
from tests.simulation.scheduler import DELIVERIES, SLEEPS, Actor, Coroutine, Crash, Scheduler

T = TypeVar("T")
#: A statement that takes longer than these real seconds is looked at: it may wait for a lock.
PATIENCE = 0.003
#: How the names of actors begin that are people, and of how many of their own steps they wait in a hurry at most.
PEOPLE, MOST_STEPS = ("shopper", "operator", "gateway"), 30
HASTE, STALL = "somebody is in a hurry", "an actor stands still"
#: Virtual seconds.
LONGEST_STALL = 2.0


class Thread:
    """A coroutine in a thread of its own. `session` is the one that its current statement runs in; 0: none does.

    `statement` is its text. `news`: the kinds of work that its transaction has made, announced once it is committed.
    """

    def __init__(self, work: Callable[[], None], *, is_stuck: Callable[["Thread"], bool]) -> None:
        self.dead = self.is_blocked = False
        self.session, self.statement = 0, ""
        self.news: set[str] = set()
        self._work, self._is_stuck, self._app = work, is_stuck, current_app._get_current_object()
        self._error: BaseException | None = None
        self._turn, self._end_of_turn, self._guard = threading.Semaphore(0), threading.Semaphore(0), threading.Lock()
        self._thread: threading.Thread | None = None

    def __bool__(self) -> bool:
        return self._thread is not None and not self.dead

    def switch(self) -> None:
        """Returns once the thread parks, ends, or waits for a lock. Raises what has ended it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._turn.release()
        while not self._end_of_turn.acquire(timeout=PATIENCE):
            if self.session and self._is_stuck(self) and self._leave_to_wait():
                return
        if self.dead:
            self._thread.join()
            if self._error is not None:
                raise self._error

    def pause(self) -> None:
        self._end_of_turn.release()
        self._turn.acquire()

    def ask(self, execute: Callable[[], T], *, statement: str, session: int) -> T:
        """The answer. If the statement had to wait for a lock, it is returned at this thread's next turn."""
        self.statement, self.session = statement, session
        try:
            return execute()
        finally:
            with self._guard:
                self.session = 0
                has_waited = self.is_blocked
            if has_waited:
                self._turn.acquire()

    def _leave_to_wait(self) -> bool:
        with self._guard:
            self.is_blocked = bool(self.session)
        return self.is_blocked

    def _run(self) -> None:
        self._turn.acquire()
        self._app.set_current()
        try:
            self._work()
        except BaseException as error:
            self._error = error
        finally:
            connection.close()
            self.dead = True
            self._end_of_turn.release()


class ThreadScheduler(Scheduler):
    """After each step, the server has done all that it brought about: locks are passed on, sessions have ended."""

    def __init__(self, *, on_wait: Callable[[str], None], **options: Any) -> None:
        """`on_wait` gets each statement that waits for a lock."""
        super().__init__(**options)
        #: Chance that people act as soon as there is work: what takes milliseconds is rarely met by chance.
        self.haste = 0.0
        #: Chance that an actor stands still at a border, as a process that gets no CPU does, perhaps with locks.
        self.stalls = 0.0
        self._on_wait = on_wait
        self.monitor = Monitor()
        self.ending: set[int] = set()
        self._blocked: list[tuple[Actor, Thread]] = []

    def step(self) -> None:
        super().step()
        self._settle()

    def end(self) -> None:
        self.monitor.terminate([thread.session for _actor, thread in self._blocked])
        self._has_ended = True
        self._settle()
        super().end()
        self._settle()
        self.monitor.close()

    def border(self, what: str) -> None:
        actor = self._current
        if actor is not None and what != SLEEPS and self.chance.strikes(STALL, self.stalls):
            seconds = self.chance.stream("stalls").uniform(0, LONGEST_STALL)
            actor.wake_at, actor.wakes_for = self.now + seconds, frozenset()
        super().border(what)

    def sleep(self, seconds: float, *, wakes_for: frozenset[str] = frozenset()) -> None:
        """Between two requests or tasks, Django and Celery replace a connection that was lost."""
        is_hasty = self._current is not None and self._current.name.startswith(PEOPLE)
        if is_hasty and self.chance.strikes(HASTE, self.haste):
            super().sleep(seconds, wakes_for=frozenset({DELIVERIES}))
            for _ in range(self.chance.stream("haste steps").randint(0, MOST_STEPS)):
                super().sleep(0)
        else:
            super().sleep(seconds, wakes_for=wakes_for)
        if self._current is not None and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()

    def ask(self, execute: Callable[[], T], *, statement: str, session: int) -> T:
        """Have the current actor wait for the database. It may die before it gets the answer."""
        actor = self._current
        if actor is None:
            return execute()
        try:
            return _thread(actor).ask(execute, statement=statement, session=session)
        finally:
            if actor.is_dead or actor.is_doomed:
                self._die_if_due(actor)

    @property
    def news(self) -> set[str]:
        """Of the current actor's transaction; outside all actors, of nobody."""
        return _thread(self._current).news if self._current is not None else set()

    def _coroutine(self, work: Callable[[], None]) -> Coroutine:
        return Thread(work, is_stuck=self._is_stuck)

    def _switch_to(self, actor: Actor) -> None:
        super()._switch_to(actor)
        if actor.coroutine.is_blocked:
            self.note(actor, "waits for a lock")
            self._blocked.append((actor, _thread(actor)))
            self._on_wait(_thread(actor).statement)

    def _crash(self, actor: Actor) -> NoReturn:
        """The server sees a session that breaks off, and rolls its transaction back."""
        actor.is_dead = True
        connection.close()
        raise Crash

    def _is_stuck(self, thread: Thread) -> bool:
        """Whether its statement waits for a lock, and others must go on. PostgreSQL itself ends a deadlock."""
        sessions = [thread.session, *(other.session for _actor, other in self._blocked)]
        blockers = self.monitor.blockers(sessions)
        return bool(blockers[sessions[0]]) and not is_deadlocked(sessions[0], blockers)

    def _settle(self) -> None:
        if self.ending:
            self.monitor.await_end(self.ending)
            self.ending.clear()
        while self._blocked and not self._all_wait():
            pause(LOOK_SECONDS)
        for actor, thread in self._blocked:
            if not thread.session:
                thread.is_blocked = False
                self.note(actor, "waits no longer")
        self._blocked = [pair for pair in self._blocked if pair[1].is_blocked]

    def _all_wait(self) -> bool:
        """Whether each statement that waited has returned, or waits for somebody whose turn it will be."""
        sessions: Collection[int] = [session for _actor, thread in self._blocked if (session := thread.session)]
        blockers = self.monitor.blockers(sessions) if sessions else {}
        return all(blockers[session] and not is_deadlocked(session, blockers) for session in sessions)


def _thread(actor: Actor) -> Thread:
    assert isinstance(actor.coroutine, Thread)
    return actor.coroutine
