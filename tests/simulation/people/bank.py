"""The gateway and the banks behind it: they report what they have done, and let authorisations expire."""

import random
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import DatabaseError

from payments.gateways import WebhookEvent
from payments.models import GatewayCharge
from payments.services import record_event

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Chance that an authorisation has expired when the gateway looks.
EXPIRES = 0.1


def gateway(world: "World") -> None:
    """Reports its charges by webhook, late and some of them twice. An authorisation may expire before its capture."""
    mind = world.chance.stream("gateway")

    def work() -> None:
        while world.scheduler.now < world.trouble:
            world.scheduler.sleep(mind.uniform(1, 20))
            with suppress(DatabaseError):
                for charge in GatewayCharge.objects.order_by("pk"):
                    _expire(mind, charge)
                    key, kind = uuid.UUID(charge.idempotency_key), "payment_intent.succeeded"
                    event = WebhookEvent(f"evt_{charge.pk}_{mind.choice('abc')}", kind, key, charge.reference)
                    record_event(event=event)

    world.scheduler.spawn("gateway", work, mortal=False)


def _expire(mind: random.Random, charge: GatewayCharge) -> None:
    authorised = GatewayCharge.objects.filter(pk=charge.pk, state=GatewayCharge.State.AUTHORISED, is_captured=False)
    if mind.random() < EXPIRES:
        authorised.update(state=GatewayCharge.State.VOIDED)
