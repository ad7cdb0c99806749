"""Shoppers: each wants one order, and may repeat the request, confirm it late or never, or change their mind."""

import random
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from orders.models import Order, Status
from payments.gateways import simulated_charges
from payments.models import GatewayCharge, Payment
from payments.services import enqueue_comparison
from shop.checkout.idempotency import Idempotency
from shop.checkout.services import LineWanted
from shop.models import Return
from shop.order_pages.services import cancel, pay_again
from shop.returns.services import cancel_return, request_return
from tests.factories import place
from tests.simulation import probe
from tests.simulation.chance import SHOPPER
from tests.simulation.people.refusals import REFUSALS

if TYPE_CHECKING:
    from tests.simulation.world import World

CONFIRMED = "pm_3ds"
#: Share of the shoppers who send something back once they have it.
SENDS_BACK = 0.4
METHODS = (
    "pm_card_visa", "pm_card_visa", "pm_card_declined", "pm_flaky_2", "pm_lost_reply", "pm_lost_reply", "pm_outage",
    "pm_bug", "pm_crash", "pm_slow_5", CONFIRMED, CONFIRMED, CONFIRMED, "pm_sepa", "pm_sepa",
)  # fmt: skip
OTHER_METHODS = ("pm_card_visa", "pm_lost_reply", CONFIRMED, "pm_sepa")
CITIES = ("Bern", "Bern", "Flakytown", "Nowhere", "Delayburg")
#: How often a shopper answers the bank's question: most once, some never, some twice and perhaps otherwise.
ANSWERS = (0, 1, 1, 1, 2)
#: How often a shopper looks whether the parcel has come, and the virtual seconds between.
LOOKS, LOOKS_EVERY = 4, 4.0


def shopper(world: "World", number: int) -> None:
    """Wants one order; may repeat the request, change their mind while it is being paid for or later, or pay again."""
    if not world.chance.allows(SHOPPER):
        return
    mind = world.chance.stream(f"shopper {number}")

    def shop() -> None:
        world.scheduler.sleep(mind.uniform(0, world.trouble / 2))
        method = mind.choice(METHODS)
        if _place(world, mind, number, method):
            if method == CONFIRMED:
                _visit_bank(world, number)
            _change_mind(world, mind, number)
            if mind.random() < SENDS_BACK and _awaits_parcel(world, number):
                _send_back(world, mind, number)

    world.scheduler.spawn(f"shopper {number}", shop)


def _place(world: "World", mind: random.Random, number: int, method: str) -> bool:
    """Places the order, with one key however often the request is sent. False: it is not known to be placed."""
    request: dict[str, Any] = {
        "lines": [LineWanted(world.sku, mind.randint(1, 2))],
        "payment_method": method,
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


def _change_mind(world: "World", mind: random.Random, number: int) -> None:
    choice = mind.random()
    world.scheduler.sleep(_soon_or_late(world, mind))
    with suppress(*REFUSALS):
        order = Order.objects.filter(name=f"Shopper {number}").latest("pk")
        if choice < 0.4:
            cancel(order=order)
        elif choice < 0.7:
            method = mind.choice(OTHER_METHODS)
            pay_again(order=order, payment_method=method)
            if method == CONFIRMED:
                _visit_bank(world, number)


def _visit_bank(world: "World", number: int) -> None:
    """Answers the bank, in another window: soon or late, also for an order that was cancelled or paid otherwise."""
    name = f"shopper {number} at bank {world.number()}"
    mind = world.chance.stream(name)

    def confirm() -> None:
        for _ in range(mind.choice(ANSWERS)):
            world.scheduler.sleep(_soon_or_late(world, mind))
            with suppress(DatabaseError):
                _answer(mind, number)

    world.scheduler.spawn(name, confirm)


def _answer(mind: random.Random, number: int) -> None:
    """What the page of the simulated bank does, whose second half the shopper may not wait for."""
    payments = Payment.objects.filter(order__name=f"Shopper {number}", method=CONFIRMED)
    payment = payments.select_related("order").latest("created_at")
    charge = GatewayCharge.objects.filter(idempotency_key=str(payment.pk)).first()
    if charge is None:
        return
    simulated_charges.answer_challenge(reference=charge.reference, is_approved=mind.random() < 0.7)
    if mind.random() < 0.7:
        enqueue_comparison(key=payment.pk, reference=charge.reference, number=payment.order.number)


def _awaits_parcel(world: "World", number: int) -> bool:
    """Waits for the delivery. False: it has not come, or nothing will."""
    for _ in range(LOOKS):
        with suppress(DatabaseError):
            status = Order.objects.filter(name=f"Shopper {number}").values_list("status", flat=True).latest("pk")
            if status == Status.DELIVERED:
                return True
            if status in (Status.CANCELLED, Status.REFUNDED):
                return False
        world.scheduler.sleep(LOOKS_EVERY)
    return False


def _send_back(world: "World", mind: random.Random, number: int) -> None:
    """Requests a return of all pieces or one, perhaps twice with one key or with another one, and may cancel it."""
    keys, cancels = [uuid.UUID(int=mind.getrandbits(128)) for _ in range(2)], mind.random() < 0.2
    for key in mind.choice((keys[:1], keys, [keys[0], keys[0]])):
        with suppress(*REFUSALS):
            order = Order.objects.filter(name=f"Shopper {number}").latest("pk")
            pieces = {line.pk: mind.randint(1, line.quantity) for line in order.lines.all()}
            found = request_return(order=order, lines=pieces, reason="changed_mind", request_id=key)
            if found.pk not in world.parcels:
                world.parcels.append(found.pk)
        world.scheduler.sleep(mind.uniform(0, 2))
    if cancels:
        with suppress(*REFUSALS):
            for found in Return.objects.filter(order__name=f"Shopper {number}"):
                cancel_return(found=found, by="customer")


def _soon_or_late(world: "World", mind: random.Random) -> float:
    return mind.uniform(0, 3) if mind.random() < 0.5 else mind.uniform(3, max(3, world.trouble))
