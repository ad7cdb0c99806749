"""Shared by the tests of deliveries."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from extensions.webhooks import retries
from extensions.webhooks.models import Delivery, Endpoint
from extensions.webhooks.payloads import Deliver
from messaging.models import Message
from messaging.models import State as MessageState
from messaging.operations.permissions import Actor
from tests.delivery import deliver, deliver_due, make_due
from tests.factories import place

ANN = Actor.system("ann")


def place_event(endpoint: Endpoint) -> Delivery:
    """A delivery that is due, of an order whose other messages wait."""
    place()
    Message.objects.exclude(task=Deliver.task).update(available_at=timezone.now() + timedelta(days=1))
    return Delivery.objects.get(event="order.placed")


def exhaust(delivery: Delivery) -> Message:
    """Deliver it until it is dead."""
    for _ in range(len(retries.DELAYS) + 1):
        Endpoint.objects.update(paused_until=None)
        make_due(task=Deliver.task)
        deliver_due()
    message = Message.objects.get(pk=delivery.message_id)
    assert message.state == MessageState.DEAD
    return message


def place_events(count: int) -> list[Delivery]:
    for _ in range(count):
        place()
    return list(Delivery.objects.filter(event="order.placed").order_by("id"))


def run_in_thread(message: Message) -> None:
    try:
        deliver(message)
    finally:
        connection.close()
