"""Resend: under the old ID, once for two clicks, and audited; test events; the number of endpoints."""

import json

import pytest

from extensions.webhooks import deliveries, endpoints, events
from extensions.webhooks.deliveries import CannotResend
from extensions.webhooks.models import Delivery, Endpoint, State
from extensions.webhooks.payloads import Deliver
from extensions.webhooks.tests.merchant import answer
from extensions.webhooks.tests.support import ANN, exhaust, place_event
from messaging.models import Message
from messaging.models import State as MessageState
from messaging.operations.models import AuditEntry
from tests.delivery import deliver_due

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_delivered_event_is_sent_again_once(endpoint, merchant):
    delivery = place_event(endpoint)
    deliver_due()
    delivery.refresh_from_db()
    deliveries.resend(delivery_id=delivery.pk, sends=delivery.sends, actor=ANN)
    deliver_due()
    with pytest.raises(CannotResend, match="requested already"):
        deliveries.resend(delivery_id=delivery.pk, sends=delivery.sends, actor=ANN)
    deliver_due()
    first, second = merchant.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    entry = AuditEntry.objects.get(action=deliveries.RESEND)
    assert (entry.actor, entry.data["event"]) == ("ann", "order.placed")


def test_resending_a_dead_one_retries_its_message(endpoint, merchant):
    merchant.behaviour = answer(404)
    delivery = place_event(endpoint)
    message = exhaust(delivery)
    delivery.refresh_from_db()
    merchant.behaviour = answer(204)
    deliveries.resend(delivery_id=delivery.pk, sends=delivery.sends, actor=ANN)
    deliver_due()
    message.refresh_from_db()
    assert message.state == MessageState.DONE
    assert AuditEntry.objects.filter(action="retry", message_id=message.pk, actor="ann").exists()
    assert Message.objects.filter(task=Deliver.task).count() == 1


def test_what_is_under_way_or_impossible_is_not_resent(endpoint):
    delivery = place_event(endpoint)

    def why_not(**changes: object) -> str:
        Delivery.objects.filter(pk=delivery.pk).update(**changes)
        with pytest.raises(CannotResend) as refused:
            deliveries.resend(delivery_id=delivery.pk, sends=1, actor=ANN)
        return str(refused.value)

    assert "is not sent twice" in why_not()
    assert "erased" in why_not(state=State.DELIVERED, body="")
    Endpoint.objects.update(is_active=False)
    assert "Turn it on" in why_not(body="{}")
    Delivery.objects.all().delete()
    assert "does not exist any more" in why_not()


def test_a_test_event_goes_to_one_endpoint_whatever_it_subscribes_to(endpoint, merchant):
    other = Endpoint.objects.create(url=merchant.url, events=[])
    deliveries.send_test(endpoint=other, actor=ANN)
    with pytest.raises(CannotResend, match="waiting already"):
        deliveries.send_test(endpoint=other, actor=ANN)
    deliver_due()
    (event,) = merchant.verified(other)
    assert (event["type"], event["data"]) == (events.TEST, {})
    Endpoint.objects.filter(pk=other.pk).update(is_active=False)
    with pytest.raises(CannotResend, match="Turn it on"):
        deliveries.send_test(endpoint=other, actor=ANN)


def test_the_number_of_endpoints_is_bounded(endpoint, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST", 2)
    endpoints.save(endpoint=Endpoint(url="https://shop.example/"), actor=ANN, changed=[])
    with pytest.raises(endpoints.TooMany, match="which is the most"):
        endpoints.save(endpoint=Endpoint(url="https://other.example/"), actor=ANN, changed=[])
    with pytest.raises(endpoints.AddedTwice):
        endpoints.save(endpoint=Endpoint(url="https://shop.example/"), actor=ANN, changed=[])


def test_no_secret_and_no_url_is_in_the_audit_log(endpoint):
    endpoints.save(endpoint=endpoint, actor=ANN, changed=["url"])
    endpoints.rotate(endpoint=endpoint, actor=ANN)
    endpoints.reveal(endpoint=endpoint, actor=ANN)
    deliveries.send_test(endpoint=endpoint, actor=ANN)
    text = json.dumps([[entry.action, entry.reason, entry.data] for entry in AuditEntry.objects.all()])
    assert text.count("127.0.0.1") == 4
    assert "whsec_" not in text
    assert "hooks" not in text.replace("webhook", "")
