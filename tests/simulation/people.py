"""Actors who want something: shoppers, the operator, and a gateway that reports what it has done."""

import random
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from messaging.models import Message
from messaging.operations import actions
from messaging.operations.actions.queues import AlreadyPaused, pause
from messaging.operations.permissions import Actor
from messaging.topology import topology
from orders.models import Order
from orders.transitions import IllegalTransition
from payments.errors import NothingToRefund
from payments.gateways import WebhookEvent
from payments.models import GatewayCharge
from payments.services import record_event, refund_order
from shop.checkout.idempotency import Idempotency
from shop.checkout.services import LineWanted
from shop.order_pages.services import cancel, pay_again
from shop.stock.services import OutOfStock
from tests.factories import place
from tests.simulation import probe
from tests.simulation.chance import SHOPPER

if TYPE_CHECKING:
    from tests.simulation.world import World

METHODS = (
    "pm_card_visa", "pm_card_visa", "pm_card_declined", "pm_flaky_2", "pm_lost_reply", "pm_lost_reply", "pm_outage",
    "pm_bug", "pm_crash", "pm_slow_5",
)  # fmt: skip
CITIES = ("Bern", "Bern", "Flakytown", "Nowhere", "Delayburg")
OPERATOR = Actor.system("operator")
REFUSALS = (OutOfStock, IllegalTransition, NothingToRefund, AlreadyPaused, DatabaseError)
#: Virtual seconds after which the operator looks again; sooner while a short trouble lasts.
PERIOD = 10.0
#: Retries of one message by the operator while faults last. Once they have ended, one more must succeed, or none will.
RETRIES = 2


def shopper(world: "World", number: int) -> None:
    """Wants one order; may repeat the request, change their mind while it is being paid for or later, or pay again."""
    if not world.chance.allows(SHOPPER):
        return
    mind = world.chance.stream(f"shopper {number}")

    def shop() -> None:
        world.scheduler.sleep(mind.uniform(0, world.trouble / 2))
        if _place(world, mind, number):
            _change_mind(world, mind, f"{number}")

    world.scheduler.spawn(f"shopper {number}", shop)


def _place(world: "World", mind: random.Random, number: int) -> bool:
    """Places the order, with one key however often the request is sent. False: it is not known to be placed."""
    request: dict[str, Any] = {
        "lines": [LineWanted(world.sku, mind.randint(1, 2))],
        "payment_method": mind.choice(METHODS),
        "city": mind.choice(CITIES),
        "name": f"Shopper {number}",
        "idempotency": Idempotency("simulation", f"{number}"),
    }
    is_placed = False
    for _ in range(mind.choice((1, 1, 2))):
        with suppress(*REFUSALS):
            order = place(**request)
            is_placed = True
            probe.send(order)
    return is_placed


def _change_mind(world: "World", mind: random.Random, number: str) -> None:
    is_soon, choice = mind.random() < 0.5, mind.random()
    world.scheduler.sleep(mind.uniform(0, 3) if is_soon else mind.uniform(3, world.trouble))
    with suppress(*REFUSALS):
        order = Order.objects.filter(name=f"Shopper {number}").latest("pk")
        if choice < 0.4:
            cancel(order=order)
        elif choice < 0.7:
            pay_again(order=order, payment_method=mind.choice(("pm_card_visa", "pm_lost_reply")))


def operator(world: "World") -> None:
    """Retries dead letters a few times each, refunds now and then, and pauses a queue for a while."""
    mind = world.chance.stream("operator")

    def work() -> None:
        while True:
            world.scheduler.sleep(min(PERIOD, world.trouble / 4) if world.scheduler.now < world.trouble else PERIOD)
            most = RETRIES if world.scheduler.now < world.trouble else RETRIES + 1
            with suppress(*REFUSALS):
                for message in Message.objects.dead().filter(revivals__lt=most).order_by("pk")[:3]:
                    actions.retry(ids=[message.pk], actor=OPERATOR)
            if world.scenario.intervenes and world.scheduler.now < world.trouble:
                with suppress(*REFUSALS):
                    _intervene(world, mind)

    world.scheduler.spawn("operator", work, mortal=False)


def _intervene(world: "World", mind: random.Random) -> None:
    chosen = mind.random()
    if chosen < 0.3:
        queue, seconds = mind.choice(sorted(topology().queues)), mind.uniform(1, 9)
        written = pause(queue=queue, actor=OPERATOR, reason="drill", seconds=seconds)
        world.paused[written.pk] = world.scheduler.now
    elif chosen < 0.6:
        order = Order.objects.filter(payments__status="captured").order_by("pk").last()
        if order is not None:
            amount = order.total if mind.random() < 0.5 else 100
            refund_order(order=order, amount=amount, request_id=uuid.UUID(int=mind.getrandbits(128)), by="operator")


def gateway(world: "World") -> None:
    """Reports its charges by webhook, late and some of them twice."""
    mind = world.chance.stream("gateway")

    def work() -> None:
        while world.scheduler.now < world.trouble:
            world.scheduler.sleep(mind.uniform(1, 20))
            with suppress(DatabaseError):
                for charge in GatewayCharge.objects.order_by("pk"):
                    key, kind = uuid.UUID(charge.idempotency_key), "payment_intent.succeeded"
                    event = WebhookEvent(f"evt_{charge.pk}_{mind.choice('abc')}", kind, key, charge.reference)
                    record_event(event=event)

    world.scheduler.spawn("gateway", work, mortal=False)
