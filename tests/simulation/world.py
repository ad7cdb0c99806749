"""One simulated run: everything is set up from a seed, goes wrong for a while, and must come to rest afterwards."""

import datetime as dt
import os
import random as standard_random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from unittest import mock

import time_machine
from celery import Celery
from django.core import mail
from django.core.cache import cache as django_cache
from django.db import OperationalError, connection
from django.utils import timezone

from messaging import circuit_breaker, simulated_outages
from messaging.broker import holders
from messaging.models import LIVE_STATES, Message, State
from messaging.relay import claim, publish
from messaging.topology import Topology
from orders.models import Order, Status
from tests.auditing import broken
from tests.factories import ProductFactory
from tests.flush import flush
from tests.shop.any_order_refunds import assert_money_adds_up
from tests.simulation import actors, people
from tests.simulation.broker import Broker, Link, Publisher
from tests.simulation.scheduler import Scheduler

START = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
#: Virtual seconds after the faults, and steps, within which everything must have come to rest.
REST_WITHIN, MOST_STEPS = 1800.0, 40_000
FINAL = (Status.PAYMENT_FAILED, Status.DELIVERED, Status.CANCELLED, Status.REFUNDED)


class Broken(AssertionError):
    """An invariant does not hold."""


class World:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._numbers = 0
        self._stack = ExitStack()
        self._database_is_away = False

    def run(self) -> str:
        """Returns the digest of all steps. Raises `Broken`."""
        with self._stack:
            self._set_up()
            while not self._is_at_rest():
                self._advance()
            self._check()
        return self.scheduler.digest

    # -- what actors ask for ------------------------------------------------------------------------------------------

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def restart(self, start: Callable[["World"], object]) -> None:
        start(self)

    def kill_one(self) -> None:
        names = ("relay", "worker", "beat")
        victims = [actor for actor in self.scheduler.actors if actor.name.startswith(names)]
        victim = self.scheduler.random.choice(victims)
        victim.is_doomed, victim.wake_at = True, self.scheduler.now

    def hide_database(self) -> None:
        self._database_is_away = True

    def restore_database(self) -> None:
        self._database_is_away = False

    def end_faults(self) -> None:
        self.restore_database()
        self.broker.start()
        self.broker.lose_confirm = self.broker.disorder = self.scheduler.kill_chance = 0.0
        for name in circuit_breaker.simulated():
            simulated_outages.end(name=name)
        self.scheduler.note(None, "all faults end")

    # -- set up -------------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        flush()
        circuit_breaker.forget()
        django_cache.clear()
        claim._carried.clear()
        mail.outbox = []
        traveller = self._stack.enter_context(time_machine.travel(START, tick=False))
        self.scheduler = Scheduler(seed=self.seed, advance=traveller.shift)
        self.broker = Broker(self.scheduler)
        for patch in self._patches():
            self._stack.enter_context(patch)
        random = self.scheduler.random
        self.trouble = random.uniform(10, 60)
        self.broker.lose_confirm, self.broker.disorder = random.choice((0, 0.1)), random.choice((0, 0.3))
        self.sku = ProductFactory.create(sku="SKU", stock=7).sku
        connection.connection.create_function("strftime", 2, _strftime)
        self._stack.enter_context(connection.execute_wrapper(self._statement))
        for _ in range(random.randint(1, 2)):
            actors.relay(self)
        for queues in actors.QUEUES:
            actors.worker(self, queues)
            self.broker.consumers.update(queues)
        actors.beat(self)
        people.operator(self)
        for number in range(random.randint(1, 4)):
            people.shopper(self, number)
        people.network(self)
        self.scheduler.kill_chance = random.choice((0, 0.001, 0.01))

    def _patches(self) -> Iterator[Any]:
        random = standard_random.Random(self.seed)
        standard_random.seed(self.seed)
        yield mock.patch.object(os, "urandom", random.randbytes)
        yield mock.patch.object(standard_random, "_urandom", random.randbytes)
        yield mock.patch.object(secrets, "randbits", random.getrandbits)
        yield mock.patch.object(time, "monotonic", self._monotonic)
        yield mock.patch.object(time, "sleep", self.scheduler.sleep)
        yield mock.patch.object(publish, "connect", self._connect)
        yield mock.patch.object(holders, "_answers", self._answers)
        yield mock.patch.object(Topology, "declare")

    def _monotonic(self) -> float:
        return self.scheduler.now + 1000

    def _connect(self, app: Celery) -> Publisher:
        return Publisher(self.broker, self.scheduler)

    def _answers(self, link: Link, app: Celery) -> Iterator[dict[str, list[str]]]:
        return actors.held_by_workers(self)

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.scheduler._current is not None:
            if context["connection"].in_atomic_block:
                self.scheduler.inner_border()
            else:
                self.scheduler.border(sql.split(None, 3)[0])
            if self._database_is_away:
                raise OperationalError("the simulated database is away")
        return execute(sql, params, many, context)

    # -- run ----------------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        self.scheduler.step()
        if self.scheduler.steps > MOST_STEPS or self.scheduler.now > self.trouble + REST_WITHIN:
            raise Broken(f"not at rest: {self._unfinished()}")

    def _is_at_rest(self) -> bool:
        """Asked once in a while: nothing but periodic work is left."""
        if self.scheduler.now < self.trouble or self.scheduler.steps % 50:
            return False
        if any(actor.name.startswith(("network", "shopper")) for actor in self.scheduler.actors):
            return False
        return not self.broker.held and not self._unfinished()

    def _unfinished(self) -> list[str]:
        periodic = actors._periodic()
        soon = timezone.now() + dt.timedelta(hours=1)
        live = Message.objects.filter(state__in=LIVE_STATES, available_at__lt=soon).exclude(task__in=periodic)
        dead = set(Message.objects.dead().values_list("subject", flat=True))
        orders = [order for order in Order.objects.exclude(status__in=FINAL) if order.number not in dead]
        return [f"{m.task} {m.state} {m.subject}" for m in live] + [f"{o.number} {o.status}" for o in orders]

    def _check(self) -> None:
        if found := broken():
            raise Broken(str(found))
        assert_money_adds_up()
        lost = Message.objects.filter(state=State.SENT).exclude(task__in=actors._periodic())
        if lost:
            raise Broken(f"never finished: {list(lost)}")


def _strftime(pattern: str, moment: str) -> str:
    """SQLite's function as Django calls it for `Now()`, with the virtual time."""
    assert (pattern, moment) == ("%Y-%m-%d %H:%M:%f", "NOW"), (pattern, moment)
    return timezone.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
