"""Events: written with the change, once for each endpoint that wants them, and frozen."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from extensions.webhooks import deliveries, endpoints
from extensions.webhooks.models import Delivery, Endpoint, State
from extensions.webhooks.payloads import Deliver, PurgeDeliveries
from extensions.webhooks.tests.support import ANN, place_event
from messaging import outbox
from messaging.models import Message
from messaging.topology import topology
from orders.models import Order
from orders.services import cancel_order, mark_refunded, record_partial_refund
from orders.values import Address
from tests.delivery import deliver_all, deliver_due
from tests.extensions.snapshots import assert_unchanged
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_life_of_an_order_is_sent_signed_and_in_minor_units(endpoint, merchant):
    order = place()
    deliver_all()
    found = {event["type"]: event for event in merchant.verified(endpoint)}
    assert list(found) == ["order.placed", "order.paid", "order.shipped", "order.delivered"]
    shipment = Order.objects.get().shipment
    assert found["order.shipped"]["data"] == {
        "order": {"number": order.number, "status": "shipped", "total": order.total, "currency": "EUR"},
        "parcel": {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number},
    }
    assert found["order.paid"]["data"]["order"]["status"] == "paid"
    assert {delivery.state for delivery in Delivery.objects.all()} == {State.DELIVERED}
    assert {header["webhook-id"] for header in (request.headers for request in merchant.requests)} == {
        delivery.webhook_id for delivery in Delivery.objects.all()
    }


def test_cancelled_and_refunded_orders_are_sent(endpoint, merchant):
    order = place(payment_method="pm_card_declined")
    deliver_due()
    order.refresh_from_db()
    cancel_order(order=order)
    record_partial_refund(order=order, amount=100, left=50)
    mark_refunded(order=order)
    deliver_due()
    found = {event["type"]: event["data"] for event in merchant.verified(endpoint)}
    expected = {"placed", "payment_failed", "cancelled", "partly_refunded", "refunded"}
    assert set(found) == {f"order.{name}" for name in expected}
    assert found["order.partly_refunded"]["refund"] == {"amount": 100, "left": 50}


@pytest.mark.parametrize(("method", "event"), [("pm_3ds", "action_required"), ("pm_sepa", "processing")])
def test_a_payment_that_waits_for_the_shopper_or_the_bank_is_an_event(endpoint, merchant, method, event):
    place(payment_method=method)
    deliver_due()
    assert {event["type"] for event in merchant.verified(endpoint)} == {"order.placed", f"order.{event}"}


def test_an_event_has_no_personal_data(endpoint):
    """The postcode has a space: four digits alone are in one of some hundred ids and times by chance."""
    order = place(address=Address(line1="10 Downing Street", city="London", postcode="SW1A 2AA", country="GB"))
    deliver_all()
    personal = (order.email, order.name, order.line1, order.city, order.postcode, order.public_id)
    bodies = "".join(Delivery.objects.values_list("body", flat=True))
    assert bodies
    assert not [word for word in personal if word in bodies]


def test_a_rolled_back_change_announces_nothing(endpoint):
    with transaction.atomic():
        place()
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert not Message.objects.filter(task=Deliver.task).exists()


def test_only_active_subscribers_get_an_event(endpoint, merchant):
    Endpoint.objects.create(url=merchant.url, events=["order.paid"])
    Endpoint.objects.create(url=merchant.url, events=["order.placed"], is_active=False)
    place()
    assert Delivery.objects.get().endpoint == endpoint


def test_each_endpoint_has_its_own_message_with_one_event_id(endpoint, merchant):
    Endpoint.objects.create(url=merchant.url, events=["order.placed"])
    place()
    first, second = Delivery.objects.all()
    assert first.event_id == second.event_id
    assert first.message_id != second.message_id
    assert first.body == second.body


def test_the_body_is_as_it_was_at_the_time_of_the_event(endpoint, merchant):
    delivery = place_event(endpoint)
    Order.objects.update(status="cancelled")
    deliver_due()
    (event,) = merchant.verified(endpoint)
    assert event["data"]["order"]["status"] == "placed"
    assert merchant.requests[0].body == delivery.body


def test_both_secrets_sign_while_a_rotation_overlaps(endpoint, merchant):
    old = Endpoint.objects.get()
    endpoints.rotate(endpoint=endpoint, actor=ANN)
    new = Endpoint.objects.get()
    assert old.secret != new.secret
    with pytest.raises(endpoints.StillRotating, match="signs until"):
        endpoints.rotate(endpoint=endpoint, actor=ANN)
    place_event(endpoint)
    deliver_due()
    assert merchant.verified(old) == merchant.verified(new)
    assert merchant.requests[0].headers["webhook-signature"].count("v1,") == 2
    Endpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    delivery = Delivery.objects.get()
    deliveries.resend(delivery_id=delivery.pk, sends=1, actor=ANN)
    deliver_due()
    assert merchant.requests[1].headers["webhook-signature"].count("v1,") == 1


def test_events_cost_an_order_little(endpoint, merchant, django_assert_max_num_queries):
    """One statement without a subscriber; two with any number of them, and the messages at the end."""
    order = place()
    with transaction.atomic(), django_assert_max_num_queries(1):
        deliveries.record_event(event="order.unknown", order=order)
    for _ in range(5):
        Endpoint.objects.create(url=merchant.url, events=["order.placed"])
    with outbox.transaction(), django_assert_max_num_queries(2):
        deliveries.record_event(event="order.placed", order=order)


def test_the_message_leads_to_the_queue_of_the_app():
    assert topology().binds(Deliver.routing_key, "webhooks")


@pytest.mark.parametrize("payload", [Deliver, PurgeDeliveries])
def test_the_schema_changes_only_with_a_new_version(payload):
    assert_unchanged(payload, Path(__file__).with_name("schemas"))
