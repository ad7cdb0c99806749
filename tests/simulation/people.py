"""Actors who want something, shoppers and operators, and the one who wants nothing to work: the network."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import DatabaseError

from messaging import circuit_breaker, simulated_outages
from messaging.models import Message
from messaging.operations import actions
from messaging.operations.permissions import Actor
from orders.models import Order
from orders.transitions import IllegalTransition
from shop.checkout.services import LineWanted
from shop.order_pages.services import cancel, pay_again
from shop.stock.services import OutOfStock
from tests.factories import place

if TYPE_CHECKING:
    from tests.simulation.world import World

METHODS = ("pm_card_visa", "pm_card_visa", "pm_card_declined", "pm_flaky_2", "pm_lost_reply", "pm_outage", "pm_bug")
CITIES = ("Bern", "Bern", "Flakytown", "Nowhere", "Delayburg")
OPERATOR = Actor.system("operator")


def shopper(world: "World", number: int) -> None:
    """Places one order; may cancel it, or pay again."""
    random = world.scheduler.random

    def shop() -> None:
        world.scheduler.sleep(random.uniform(0, world.trouble / 2))
        with suppress(OutOfStock, DatabaseError):
            lines = [LineWanted(world.sku, random.randint(1, 2))]
            place(lines=lines, payment_method=random.choice(METHODS), city=random.choice(CITIES))
        world.scheduler.sleep(random.uniform(1, world.trouble))
        with suppress(OutOfStock, IllegalTransition, DatabaseError):
            order = Order.objects.order_by("pk").last()
            if order is None or random.random() < 0.5:
                return
            if random.random() < 0.5:
                cancel(order=order)
            else:
                pay_again(order=order, payment_method="pm_card_visa")

    world.scheduler.spawn(f"shopper {number}", shop)


def operator(world: "World") -> None:
    """Retries dead letters, a few times each."""

    def work() -> None:
        while True:
            world.scheduler.sleep(10)
            with suppress(DatabaseError):
                for message in Message.objects.dead().filter(replayed_from__lt=9).order_by("pk")[:3]:
                    actions.retry(ids=[message.pk], actor=OPERATOR)

    world.scheduler.spawn("operator", work, mortal=False)


def network(world: "World") -> None:
    """Breaks something every few seconds, and restores all at the end."""
    random = world.scheduler.random
    faults: tuple[Callable[[], object], ...] = (
        lambda: _for_a_while(world, world.broker.stop, world.broker.start),
        lambda: _for_a_while(world, world.broker.wipe, world.broker.start),
        lambda: _for_a_while(world, world.hide_database, world.restore_database),
        world.broker.double,
        world.kill_one,
        world.kill_one,
        lambda: simulated_outages.begin(
            name=random.choice(sorted(circuit_breaker.simulated())), seconds=random.uniform(1, 20)
        ),
    )

    def work() -> None:
        while world.scheduler.now < world.trouble:
            world.scheduler.sleep(random.expovariate(1 / 4))
            fault = random.randrange(len(faults))
            world.scheduler.note(None, f"fault {fault}")
            faults[fault]()
        world.end_faults()

    world.scheduler.spawn("network", work, mortal=False)


def _for_a_while(world: "World", begin: Callable[[], object], end: Callable[[], object]) -> None:
    begin()
    world.scheduler.sleep(world.scheduler.random.uniform(0.1, 8))
    end()
