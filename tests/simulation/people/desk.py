"""The operator: retries dead letters, refunds, pauses queues."""

import random
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from messaging.models import Message
from messaging.operations import actions
from messaging.operations.actions.queues import pause
from messaging.operations.permissions import Actor
from messaging.topology import topology
from orders.models import Order
from orders.services.operators import Trusted
from payments.models import PAYING
from payments.services import refund_order
from shop.models import Return
from shop.returns.errors import AlreadyDecided
from shop.returns.services import Decision, receive_return
from tests.simulation.people.refusals import REFUSALS

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tests.simulation.world import World

OPERATOR = Actor.system("operator")
#: Virtual seconds after which the operator looks again; sooner while a short trouble lasts.
PERIOD = 10.0
#: Retries of one message by the operator while faults last. Once they have ended, one more must succeed, or none will.
RETRIES = 2


def operator(world: "World") -> None:
    """Retries dead letters a few times each, refunds now and then, and pauses a queue for a while."""
    mind = world.chance.stream("operator")

    def work() -> None:
        while True:
            world.scheduler.sleep(min(PERIOD, world.trouble / 4) if world.scheduler.now < world.trouble else PERIOD)
            with suppress(*REFUSALS):
                for message in to_retry(after_faults=world.scheduler.now >= world.trouble).order_by("pk")[:3]:
                    actions.retry(ids=[message.pk], actor=OPERATOR)
            with suppress(*REFUSALS):
                _receive(world, mind)
            if world.scenario.intervenes and world.scheduler.now < world.trouble:
                with suppress(*REFUSALS):
                    _intervene(world, mind)

    world.scheduler.spawn("operator", work, mortal=False)


def to_retry(*, after_faults: bool) -> "QuerySet[Message]":
    """Dead messages that the operator has not given up."""
    return Message.objects.dead().filter(revivals__lt=RETRIES + after_faults)


class _Receiver:
    def has_perm(self, perm: str) -> bool:
        return True

    def get_username(self) -> str:
        return "operator"


def _receive(world: "World", mind: random.Random) -> None:
    """Receives most returns; now and then less comes back than was announced, and not all of it can be sold."""
    if not world.parcels or mind.random() < 0.3:
        return
    found = Return.objects.get(pk=world.parcels[0])
    decisions = {}
    for line in found.lines.all():
        accepted = mind.choice((line.quantity, line.quantity, mind.randint(0, line.quantity)))
        decisions[line.pk] = Decision(accepted=accepted, restocked=mind.randint(0, accepted))
    with suppress(AlreadyDecided):  # the shopper has cancelled it
        receive_return(found=found, decisions=decisions, rejection="incomplete", by=_Receiver())
    world.parcels.pop(0)


def _intervene(world: "World", mind: random.Random) -> None:
    """A refund of what is only reserved cancels the order, or is refused."""
    chosen = mind.random()
    if chosen < 0.3:
        queue, seconds = mind.choice(sorted(topology().queues)), mind.uniform(1, 9)
        written = pause(queue=queue, actor=OPERATOR, reason="drill", seconds=seconds)
        world.paused[written.pk] = world.scheduler.now
    elif chosen < 0.6:
        order = Order.objects.filter(payments__status__in=PAYING).order_by("pk").last()
        if order is not None:
            amount = order.total if mind.random() < 0.5 else 100
            refund_order(
                order=order, amount=amount, request_id=uuid.UUID(int=mind.getrandbits(128)), by=Trusted("operator")
            )
