"""Actors of the backend: relay, its chores, workers, beat. Each runs the engine's own code."""

import math
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import current_app
from celery.app.trace import build_tracer
from celery.exceptions import Reject
from django.db import DatabaseError

from messaging import scheduler as beat_schedule
from messaging.relay.chores import Chores
from messaging.relay.loop import Pace, Relay
from messaging.worker.admission import Refused, admit
from tests.simulation.broker import Delivery
from tests.simulation.scheduler import DELIVERIES, ROWS

if TYPE_CHECKING:
    from tests.simulation.world import World

QUEUES = (("payments",), ("shipping",), ("notifications", "maintenance"), ("payments", "shipping", "notifications"))
#: A relay with nothing to do looks again after so many seconds, or when a message is written.
IDLE = 5.0
PACE = Pace(batch=20, gather=0.05, poll_every=IDLE, min_backoff=0.5, max_backoff=2.0, max_sleep=IDLE)
#: Periodic tasks that change orders and money. Others, such as the audit, cost most of the time and change nothing.
#: Reconciliation repairs what others have missed; without it, nobody may miss anything.
REPAIRS = ("payments.find_disputes", "payments.reconcile")
PERIODIC = ("orders.acknowledge_orders", "orders.expire_reservations", *REPAIRS)
BEAT_SECONDS = 45.0


class _Never(threading.Event):
    """The stop signal of a process that is only ever killed; its pauses are virtual."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        self._world.scheduler.sleep(timeout or 0.0, wakes_for=frozenset({ROWS} if timeout == IDLE else ()))
        return False


class _Chores(Chores):
    def start(self) -> None:
        """They are an actor of their own."""


def relay(world: "World") -> None:
    app, every = current_app._get_current_object(), world.scenario.chores_every
    process = Relay(app, replace(PACE, chores_every=every))
    chores = _Chores(app, every=every)
    process._stopping, process._chores = _Never(world), chores
    chores._stopping = _Never(world)
    number = world.number()
    pair = [world.scheduler.spawn(f"relay {number}", process.run)]
    pair.append(world.scheduler.spawn(f"chores {number}", chores.run, host=pair[0].host))

    def on_death() -> None:
        """Both are threads of one process."""
        if all(actor.coroutine.dead for actor in pair):
            relay(world)
        for actor in pair:
            actor.is_doomed, actor.wake_at = True, world.scheduler.now

    for actor in pair:
        actor.on_death = on_death


def worker(world: "World", queues: tuple[str, ...]) -> None:
    name = f"worker {world.number()} {queues[0]}"

    def work() -> None:
        while True:
            delivery = world.broker.take(queues, worker=name)
            if delivery is None:
                world.scheduler.sleep(math.inf, wakes_for=frozenset({DELIVERIES}))
            else:
                _handle(world, delivery)

    def on_death() -> None:
        world.broker.lose_connection(name)
        worker(world, queues)

    world.scheduler.spawn(name, work, on_death=on_death)


def _handle(world: "World", delivery: Delivery) -> None:
    """As Celery's worker does: run, then acknowledge, or reject what failed without a verdict in the ledger."""
    world.scheduler.border(f"has {delivery.headers['task']}")
    try:
        headers, arguments = admit(
            headers=delivery.headers, content_type="application/json", content_encoding="utf-8", body=delivery.body
        )
        if headers["task"] not in current_app.tasks:
            raise Refused("No task of this worker has its name.")
        verdict = _run(delivery, headers, arguments)
    except Refused:
        verdict = Reject()
    world.scheduler.border("acknowledges" if verdict is None else "rejects")
    if verdict is None:
        world.broker.acknowledge(delivery)
    else:
        world.broker.reject(delivery, requeue=bool(verdict.requeue))


def _run(delivery: Delivery, headers: dict[str, Any], arguments: dict[str, Any]) -> Reject | None:
    request = headers | {
        "hostname": delivery.held_by,
        "is_eager": False,
        "delivery_info": {
            "redelivered": delivery.redelivered,
            "routing_key": delivery.routing_key,
            "priority": delivery.priority,
        },
    }
    try:
        _, info, _, _ = _tracer(headers["task"])(delivery.id, (), arguments, request)
    except Reject as verdict:  # of a failure that could not be recorded
        return verdict
    if info is None or info.state in ("RETRY", "IGNORED"):
        return None
    return info.retval if isinstance(getattr(info, "retval", None), Reject) else Reject()


@cache
def _tracer(task: str) -> Callable[..., Any]:
    app = current_app._get_current_object()
    return build_tracer(task, app.tasks[task], app=app, eager=False, propagate=False)


def beat(world: "World", *, after: float = 0.0) -> None:
    """Enqueues periodic tasks, at first `after` virtual seconds."""

    def work() -> None:
        if after:
            world.scheduler.sleep(after)
        while True:
            for task in PERIODIC:
                if task in REPAIRS and not world.scenario.is_reconciled:
                    continue
                with suppress(DatabaseError):
                    beat_schedule.tick(task)
            world.scheduler.sleep(BEAT_SECONDS)

    world.scheduler.spawn(f"beat {world.number()}", work, on_death=lambda: beat(world))


def held_by_workers(world: "World") -> Iterator[dict[str, list[str]]]:
    """What each worker answers when recovery asks what it holds."""
    for queues in QUEUES:
        held = [delivery.id for delivery in world.broker.held if delivery.queue in queues]
        yield {"ids": [str(uuid.UUID(id_)) for id_ in held], "queues": list(queues)}
