"""Events that are read and cannot be recorded: kept as dead letters, or sent again."""

import json
import uuid
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import Client

from messaging.models import Message, State
from payments.gateways import WebhookEvent
from payments.models import GatewayEvent
from tests.payments.gateways.stripe_webhook import PATH, SECRET, signature

pytestmark = pytest.mark.django_db(transaction=True)
READ: dict[str, Any] = {"id": "evt_1", "kind": "paid", "key": uuid.uuid4(), "reference": "pi_1"}


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = (SECRET,)


def post() -> int:
    body = json.dumps({"n": 1}).encode()
    client = Client(raise_request_exception=False)
    headers = {"Stripe-Signature": signature(body)}
    return client.post(PATH, body, content_type="application/json", headers=headers).status_code


@pytest.mark.parametrize(
    "odd", [{name: "half \ud800"} for name in ("id", "kind", "reference", "dispute")] + [{"key": 5}, {"kind": None}]
)
def test_what_a_gateway_of_ones_own_reads_and_no_database_stores_is_kept_once(monkeypatch, odd):
    monkeypatch.setattr("payments.webhooks.read", lambda **_request: WebhookEvent(**READ | odd))
    assert [post(), post()] == [200, 200]
    assert (Message.objects.get().state, GatewayEvent.objects.count()) == (State.DEAD, 0)


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, ProgrammingError])
def test_an_event_is_sent_again_after_the_database_failed(monkeypatch, kind):
    def fails(**_event: Any) -> None:
        raise kind("not now")

    monkeypatch.setattr("payments.webhooks.read", lambda **_request: WebhookEvent(**READ))
    monkeypatch.setattr("payments.services.record_event", fails)
    assert post() >= 500
    monkeypatch.undo()
    assert not Message.objects.exists()
