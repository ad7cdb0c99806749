"""Both webhook doors: whatever arrives is refused with 4xx or stored whole; nothing is written halfway."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Message
from payments.models import GatewayEvent
from shipping.carriers import CarrierEvent, EventCode, TrackingEvent
from shipping.carriers.signatures import sign
from shipping.carriers.simulated import HEADER, webhook
from shipping.models import ParcelEvent, Shipment
from tests.delivery import claim_task, deliver
from tests.factories import place
from tests.hostile.requests import CONTENT_TYPES, METHODS, TIMEOUT, Sender, headers, rounds
from tests.hostile.values import json_body, text
from tests.payments.gateways.stripe_webhook import PATH, SECRET, event, intent, signature

pytestmark = [pytest.mark.django_db, TIMEOUT]
CARRIER_SECRET = "carrier-secret"


@dataclass(frozen=True)
class Door:
    path: str
    header: str
    sign: Callable[[bytes], str]
    document: Any
    events: Any
    sender: Sender = field(default_factory=Sender)


@pytest.fixture(params=["stripe", "carrier"])
def door(request: pytest.FixtureRequest, settings: Any) -> Door:
    settings.STRIPE_WEBHOOK_SECRETS, settings.CARRIER_WEBHOOK_SECRETS = (SECRET,), {"swiftpost": (CARRIER_SECRET,)}
    place()
    deliver(claim_task(task="payments.charge_payment"))
    deliver(claim_task(task="shipping.create_shipment"))
    shipment = Shipment.objects.get()
    if request.param == "stripe":
        payment = shipment.order.payments.get()
        return Door(PATH, "Stripe-Signature", signature, event("charge.succeeded", intent(payment.pk)), GatewayEvent)
    tracked = TrackingEvent("e-1", timezone.now(), EventCode.DELIVERED, "Bern", "Delivered")
    body, _headers = webhook(CarrierEvent(shipment.tracking_number, tracked), secret=CARRIER_SECRET)
    path, signed = "/webhooks/carriers/swiftpost/", lambda body: sign(body, secret=CARRIER_SECRET)
    return Door(path, HEADER, signed, json.loads(body), ParcelEvent)


def test_signed_bodies_of_any_kind_are_refused_or_stored_whole(door: Door):
    acted_on = [_send(door, rng, json_body(rng, door.document)) for rng in rounds(100)]
    assert any(acted_on)
    assert door.sender.accepted > 0.5, door.sender.statuses


def test_any_headers_are_refused_or_ignored(door: Door):
    for rng in rounds(40):
        body = json.dumps(door.document).encode()
        given = rng.choice((text(rng), door.sign(body) + text(rng), f"t={text(rng)},v1={text(rng)}", "t=" + "9" * 5000))
        odd = {door.header: given.encode("utf-8").decode("latin-1")} if rng.random() < 0.5 else {}
        _send(door, rng, body, **headers(rng), **odd)
    assert 0.1 < door.sender.accepted < 0.5, door.sender.statuses


def test_other_methods_are_not_allowed(door: Door):
    for method in METHODS:
        assert door.sender.send(method, door.path).status_code == 405


def _send(door: Door, rng: random.Random, body: bytes, **extra: str) -> bool:
    """Whether the event was acted on."""
    counts: list[tuple[int, int]] = []

    def count() -> None:
        counts.append((door.events.objects.count(), Message.objects.count()))

    count()
    given = {door.header: door.sign(body)} | extra
    kind = rng.choice(CONTENT_TYPES) if rng.random() < 0.5 else "application/json"
    response = door.sender.send("POST", door.path, data=body, content_type=kind, headers=given, then=count)
    (events, messages), after = counts
    ignored, acted_on, kept = (events, messages), (events + 1, messages + 1), (events, messages + 1)
    assert response.status_code in (200, 400, 413)
    assert after in ((ignored, acted_on, kept) if response.status_code == 200 else (ignored,))
    return after == acted_on
