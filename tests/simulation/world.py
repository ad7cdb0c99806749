"""One simulated run: everything is set up from a seed, goes wrong for a while, and must come to rest afterwards."""

import datetime as dt
import linecache
import os
import random as standard_random
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any
from unittest import mock

import time_machine
from celery import Celery
from django.core import mail
from django.core.cache import cache as django_cache
from django.db import OperationalError, connection
from django.utils import timezone

from messaging import circuit_breaker, clock, simulated_outages
from messaging.broker import holders
from messaging.models import LIVE_STATES, Message
from messaging.relay import claim, publish
from messaging.topology import Topology
from orders.models import Order, Status
from tests.simulation import actors, audits, faults, people, probe, rules
from tests.simulation.broker import Broker, Link, Publisher
from tests.simulation.chance import BEHIND, PROBE_FAILS, SKEW, Chance, Event
from tests.simulation.rules import Broken
from tests.simulation.scheduler import PROCESSES, ROWS, Actor, Host, Scheduler
from tests.simulation.start import scenario, snapshot
from tests.states.watch import Changes

START = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
#: Virtual seconds after the faults, and steps, within which everything must have come to rest.
REST_WITHIN, MOST_STEPS = 600.0, 15_000
#: Share of the quiet points at which the invariants are asked: another seed looks at the others.
AUDITED = 0.5
FINAL = (Status.PAYMENT_FAILED, Status.DELIVERED, Status.CANCELLED, Status.REFUNDED)


class World:
    """`only`: the events of the seed's run that may happen; None: all."""

    scheduler: Scheduler
    broker: Broker
    most_steps = MOST_STEPS

    def __init__(self, seed: int, *, only: frozenset[Event] | None = None) -> None:
        self.chance = Chance(seed, only=only)
        self.outages: dict[str, float] = {}
        self.database_is_away = False
        self._numbers = 0
        self._touched: set[str] | None = None
        self._moment = START.timestamp()
        self._release_in_use = 0
        self._stack = ExitStack()
        self._breaches: dict[str, str] = {}
        #: Virtual time of the commit, by the pause's key.
        self.paused: dict[int, float] = {}
        #: Returns whose parcel is on its way to the operator.
        self.parcels: list[uuid.UUID] = []

    def run(self) -> None:
        """Raises `Broken`."""
        with self._stack:
            self._set_up()
            while not self._is_at_rest():
                self._advance()
            if found := rules.at_rest():
                raise Broken(found)

    # -- what actors ask for ------------------------------------------------------------------------------------------

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def look_at_claim(self) -> None:
        """An error here would be one of the relay's, which handles whatever goes wrong."""
        self._breaches |= rules.after_claim()

    def replace(self, actor: Actor) -> None:
        """Have its host run the present release: the process of a backend dies and is started anew."""
        if actor.host.release != self.release:
            if actor.name.startswith(PROCESSES):
                actor.is_doomed, actor.wake_at = True, self.scheduler.now
            else:
                actor.host.release = self.release

    def end_faults(self) -> None:
        self.database_is_away = False
        self.broker.start()
        self.broker.lose_confirm = self.broker.disorder = self.scheduler.kill_chance = 0.0
        self._probe_fails, self._is_rolling = 0.0, False
        self.outages.clear()
        self.release = probe.NEWEST
        for actor in self.scheduler.actors:
            self.replace(actor)
        self.scheduler.note(None, "all faults end")

    # -- set up -------------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        circuit_breaker.forget()
        django_cache.clear()
        claim._carried.clear()
        mail.outbox = []
        self._traveller = self._stack.enter_context(time_machine.travel(START, tick=False))
        self._empty_database()
        self.scenario = plan = self._drawn()
        self.skew, self.release, self.trouble, self.sku = plan.skew, plan.release, plan.trouble, snapshot.SKU
        self._is_rolling = plan.is_rolling
        self.scheduler = self._scheduler(chance=self.chance, new_host=self._new_host, look_from=self._look_from)
        self.broker = Broker(self.scheduler)
        for patch in self._patches():
            self._stack.enter_context(patch)
        self._states = self._watched()
        self._stack.callback(self.scheduler.end)
        self.broker.lose_confirm, self.broker.disorder = plan.lose_confirm, plan.disorder
        self._probe_fails = plan.probe_fails
        self._connect_database()
        self._start_actors()
        self.scheduler.kill_chance = plan.kill_chance

    def _empty_database(self) -> None:
        snapshot.restore()

    def _drawn(self) -> scenario.Scenario:
        return scenario.drawn(self.chance.stream("world"))

    def _scheduler(self, **options: Any) -> Scheduler:
        return Scheduler(**options)

    def _watched(self) -> Changes:
        return snapshot.changes()

    def _connect_database(self) -> None:
        """All actors use the one connection."""
        snapshot.set_clock(self._database_now)
        self._stack.enter_context(connection.execute_wrapper(self._statement))

    def _start_actors(self) -> None:
        for _ in range(self.scenario.relays):
            actors.relay(self)
        for queues in actors.QUEUES:
            actors.worker(self, queues)
            self.broker.consumers.update(queues)
        actors.beat(self, after=self.scenario.first_tick)
        people.operator(self)
        if self.scenario.is_reconciled:
            people.gateway(self)
        for number in range(self.scenario.shoppers):
            people.shopper(self, number)
        faults.network(self)

    def _patches(self) -> Iterator[Any]:
        """Time, chance and everything outside the process."""
        source = self.chance.stream("identifiers")
        standard_random.seed(source.random())
        yield mock.patch.object(os, "urandom", source.randbytes)
        yield mock.patch.object(standard_random, "_urandom", source.randbytes)
        yield mock.patch.object(secrets, "randbits", source.getrandbits)
        yield from self._database_patches()
        yield mock.patch.object(time, "monotonic", self._monotonic)
        yield mock.patch.object(time, "sleep", self.scheduler.sleep)
        yield mock.patch.object(os, "kill", self._kill)
        yield mock.patch.object(publish, "connect", self._connect)
        yield mock.patch.object(holders, "_answers", self._answers)
        yield mock.patch.object(Topology, "declare")
        yield mock.patch.object(simulated_outages, "is_active", self._is_out)
        yield mock.patch.object(probe, "fails", [self._does_probe_fail])
        yield mock.patch.object(linecache, "checkcache")  # tracebacks look at each source file again

    def _database_patches(self) -> Iterator[Any]:
        yield mock.patch.object(clock, "now", self._database_now)
        yield mock.patch.object(clock, "moment", self._database_now)

    def _new_host(self) -> Host:
        """Of a process that starts: one of two has the time, and the present release while another one is replaced."""
        clocks = self.chance.stream("clocks")
        is_skewed = self.skew and self.chance.strikes(SKEW, 0.5)
        is_behind = self._is_rolling and self.chance.strikes(BEHIND, 0.5)
        release = next(each for each in probe.RELEASES if is_behind is not (each == self.release))
        return Host(clocks.uniform(-self.skew, self.skew) if is_skewed else 0.0, release)

    def _look_from(self, host: Host | None) -> None:
        moment = START.timestamp() + self.scheduler.now + (host.clock if host else 0.0)
        release = host.release if host else probe.NEWEST
        if moment != self._moment:
            self._moment = moment
            self._traveller.move_to(moment)
        if release != self._release_in_use:
            self._release_in_use = release
            probe.use(release)

    def _database_now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.scheduler.now)

    def _monotonic(self) -> float:
        return self.scheduler.now + 1000

    def _kill(self, pid: int, signal: int) -> None:
        self.scheduler.kill_current()

    def _connect(self, app: Celery) -> Publisher:
        return Publisher(self.broker, self.scheduler, looks_at_claim=self.look_at_claim)

    def _answers(self, link: Link, app: Celery) -> Iterator[dict[str, list[str]]]:
        return actors.held_by_workers(self)

    def _is_out(self, *, name: str) -> bool:
        return self.outages.get(name, 0.0) > self.scheduler.now

    def _does_probe_fail(self) -> bool:
        return self.chance.strikes(PROBE_FAILS, self._probe_fails)

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.scheduler.is_running:
            if context["connection"].in_atomic_block:
                self.scheduler.inner_border()
            else:
                self.scheduler.border(_summary(sql))
            if self.database_is_away:
                raise OperationalError("the simulated database is away")
            if sql.startswith("INSERT INTO messaging_message"):
                self.scheduler.announce(ROWS)
        if self._touched is not None and not sql.startswith("SELECT"):
            self._touched |= audits.tables(sql)
        return execute(sql, params, many, context)

    # -- run ----------------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        self.scheduler.step()
        if self._states.forbidden:
            self._breaches["states change as their tables say"] = ", ".join(self._states.forbidden)
        if self.scheduler.is_quiet:
            self._look_at_quiet_point()
        if self._breaches:
            raise Broken(self._breaches)
        if self.scheduler.steps > self.most_steps or self.scheduler.now > self.trouble + REST_WITHIN:
            raise Broken({"everything comes to rest": str(self._unfinished())})

    def _look_at_quiet_point(self) -> None:
        """All actors sleep: what is committed must hold. Asked of some, if anything was written since the last one."""
        if self.chance.stream("audit").random() < AUDITED and (self._touched is None or self._touched):
            self._breaches |= rules.at_quiet_point(touched=self._touched)
            self._touched = set()

    def _is_at_rest(self) -> bool:
        """Nothing but periodic work is left, and the operator has retried what was dead at the end of the faults."""
        if self.scheduler.now < self.trouble or self.parcels or not self.scheduler.is_quiet:
            return False
        actors_at_work = any(actor.name.startswith(("network", "shopper")) for actor in self.scheduler.actors)
        if actors_at_work or self._has_live_messages() or self.broker.held or self._unfinished():
            return False
        return not people.to_retry(after_faults=True).exists()

    def _has_live_messages(self) -> bool:
        """Asked at every quiet point, without the cost of an ORM's query."""
        return bool(connection.connection.execute(_LIVE, [*actors.PERIODIC, _soon().isoformat(sep=" ")]).fetchone()[0])

    def _unfinished(self) -> list[str]:
        live = Message.objects.filter(state__in=LIVE_STATES, available_at__lt=_soon()).exclude(task__in=actors.PERIODIC)
        dead = set(Message.objects.dead().values_list("subject", flat=True))
        orders = [order for order in Order.objects.exclude(status__in=FINAL) if order.number not in dead]
        return [f"{m.task} {m.state} {m.subject}" for m in live] + [f"{o.number} {o.status}" for o in orders]


def _soon() -> dt.datetime:
    """What is due later than this is not waited for."""
    return timezone.now() + dt.timedelta(hours=1)


@cache
def _summary(sql: str) -> str:
    """The statement's verb and its first table of the shop or the engine."""
    words = sql.replace('"', " ").replace(".", " ").split()
    return " ".join([words[0], *next(([word] for word in words if word.startswith(_TABLES)), [])])


_LIVE = f"""
    SELECT EXISTS (
        SELECT 1 FROM messaging_message WHERE state IN ('pending', 'sent')
        AND task NOT IN ({", ".join("?" * len(actors.PERIODIC))}) AND available_at < ?
    )
"""  # noqa: S608 - question marks only
_TABLES = ("messaging_", "operations_", "orders_", "payments_", "shipping_", "shop_")
