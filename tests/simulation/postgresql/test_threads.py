"""The scheduler of threads: locks that are waited for, transactions that a death or an outage ends, deadlocks."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from messaging import clock
from messaging.models import Message
from orders.models import Order
from tests.factories import place
from tests.simulation.postgresql.world import PostgresqlWorld
from tests.simulation.world import START

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one open transaction at a time"),
]


MOST_STEPS = 1000


class Scene(PostgresqlWorld):
    """A run with actors of a test's own, which nobody kills but the test. It ends with them."""

    def __init__(self, **works: Callable[["Scene"], None]) -> None:
        super().__init__(seed=1)
        self._works = works
        self.numbers: list[int] = []

    def run(self) -> None:
        with self._stack:
            self._set_up()
            self.scheduler.haste = self.scheduler.stalls = 0.0
            while self.scheduler.actors:
                self.scheduler.step()
                assert self.scheduler.steps < MOST_STEPS

    def _start_actors(self) -> None:
        self.numbers = [place(name="nobody", city="Bern").pk for _ in range(2)]
        for name, work in self._works.items():
            self.scheduler.spawn(name, partial(work, self), mortal=False)

    def write(self, name: str, *, order: int = 0) -> None:
        Order.objects.filter(pk=self.numbers[order]).update(name=name)

    @property
    def names(self) -> list[str]:
        return list(Order.objects.filter(pk__in=self.numbers).order_by("pk").values_list("name", flat=True))

    def kill(self, name: str) -> None:
        for actor in self.scheduler.actors:
            if actor.name == name:
                actor.is_doomed, actor.wake_at = True, self.scheduler.now

    @property
    def story(self) -> list[str]:
        return [" ".join(line.split()[1:]) for line in self.scheduler.log]


def at(seconds: float, scene: Scene) -> None:
    scene.scheduler.sleep(seconds - scene.scheduler.now)


def holds_the_first_order(scene: Scene) -> None:
    with transaction.atomic():
        scene.write("holder")
        at(3, scene)
        scene.write("holder", order=1)


def writes_the_first_order(scene: Scene) -> None:
    at(1, scene)
    scene.write("waiter")


def kills(name: str) -> Callable[[Scene], None]:
    def work(scene: Scene) -> None:
        at(2, scene)
        scene.kill(name)

    return work


def test_a_statement_that_waits_for_a_lock_lets_the_others_continue():
    scene = Scene(holder=holds_the_first_order, waiter=writes_the_first_order, reader=lambda scene: at(2, scene))
    scene.run()
    events = ("waiter waits for a lock", "holder commits", "waiter waits no longer")
    moments = [scene.story.index(event) for event in events]
    assert scene.names == ["waiter", "holder"]
    assert moments == sorted(moments)


def test_two_transactions_are_open_at_the_same_time():
    def reads(scene: Scene) -> None:
        at(2, scene)
        assert scene.names == ["nobody", "nobody"]

    scene = Scene(holder=holds_the_first_order, reader=reads)
    scene.run()
    assert scene.names == ["holder", "holder"]


def test_the_transaction_of_a_killed_actor_is_rolled_back_and_its_locks_are_free():
    scene = Scene(holder=holds_the_first_order, waiter=writes_the_first_order, killer=kills("holder"))
    scene.run()
    assert scene.names == ["waiter", "nobody"]
    assert "holder dies" in scene.story


def test_an_actor_that_is_killed_while_it_waits_changes_nothing_in_its_transaction():
    def waits(scene: Scene) -> None:
        with transaction.atomic():
            writes_the_first_order(scene)

    scene = Scene(holder=holds_the_first_order, waiter=waits, killer=kills("waiter"))
    scene.run()
    assert scene.names == ["holder", "holder"]


def test_an_outage_ends_every_session_and_refuses_new_ones():
    seen: list[str] = []

    def works(scene: Scene) -> None:
        for moment in (1, 3, 5):
            at(moment, scene)
            try:
                with transaction.atomic():
                    scene.write(f"{moment}")
                    at(moment + 1, scene)
                    scene.write(f"{moment}", order=1)
                seen.append("written")
            except DatabaseError:
                seen.append("refused")

    def breaks(scene: Scene) -> None:
        at(1.5, scene)
        scene.database_is_away = True
        at(4.5, scene)
        scene.database_is_away = False

    scene = Scene(worker=works, network=breaks)
    scene.run()
    assert seen == ["refused", "refused", "written"]
    assert scene.names == ["5", "5"]


def test_a_deadlock_is_ended_for_one_of_two_actors_and_breaks_a_rule():
    refused: list[str] = []

    def locks(*orders: int) -> Callable[[Scene], None]:
        def work(scene: Scene) -> None:
            name = f"{orders}"
            try:
                with transaction.atomic():
                    scene.write(name, order=orders[0])
                    at(1, scene)
                    scene.write(name, order=orders[1])
            except DatabaseError:
                refused.append(name)

        return work

    scene = Scene(one=locks(0, 1), other=locks(1, 0))
    scene.run()
    assert len(refused) == 1
    assert len(set(scene.names)) == 1
    assert list(scene._breaches) == ["locks are taken in one order"]


def test_the_database_has_the_simulated_time():
    def asks(scene: Scene) -> None:
        at(2, scene)
        seconds = (clock.now() - START).total_seconds()
        assert 2 <= seconds < 3
        Message.objects.update(finished_at=clock.moment())

    scene = Scene(one=asks)
    scene.run()
    assert {moment.year for moment in Message.objects.values_list("finished_at", flat=True)} == {2030}


def test_a_run_leaves_what_migrate_wrote_as_it_was():
    Scene().run()
    MigrationRecorder(connection).record_applied("nobody", "0001_initial")  # by the sequence of its table
    MigrationRecorder(connection).record_unapplied("nobody", "0001_initial")


def test_the_same_seed_takes_the_same_steps():
    """One waits for each row: of several that wait for one that is replaced, PostgreSQL lets any be the next."""

    def holds_the_second_order(scene: Scene) -> None:
        with transaction.atomic():
            at(2, scene)
            scene.write("third", order=1)
            at(4, scene)

    def run() -> str:
        scene = Scene(one=holds_the_first_order, other=writes_the_first_order, third=holds_the_second_order)
        scene.run()
        return scene.scheduler.digest

    assert run() == run()
