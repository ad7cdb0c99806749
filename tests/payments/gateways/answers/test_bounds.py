"""Answers of Stripe's address without an end, or that lead elsewhere: bounded, and asked for again."""

from typing import Any

import pytest

from messaging.models import Message, State
from orders.models import Status
from payments.gateways import OutcomeUnknown
from payments.gateways.stripe import StripeGateway
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.orders.bounded import hostile
from tests.payments.gateways.answers.odd_server import OddServer
from tests.payments.outcomes import CHARGE, is_sound, status

pytestmark = pytest.mark.django_db(transaction=True)
ANSWERS = hostile.answers()


@pytest.fixture(autouse=True)
def _stripe(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_conveyor"
    settings.CONVEYOR_TASK_TIME_LIMIT = 12  # an answer takes 3 seconds at most


@pytest.mark.parametrize("parts", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_without_bounds_is_given_up(settings: Any, parts: list[bytes]):
    with hostile.serving(parts) as server:
        settings.STRIPE_API_BASE = server.url
        with pytest.raises(OutcomeUnknown) as raised:
            StripeGateway().fetch(idempotency_key="k", reference="pi_1")
    assert raised.value.concerns_all


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(settings: Any, status: int):
    with hostile.serving([]) as other, hostile.serving(hostile.redirect(status, f"{other.url}/v1/refunds")) as server:
        settings.STRIPE_API_BASE = server.url
        with pytest.raises(OutcomeUnknown):
            StripeGateway().authorise(
                idempotency_key="k",
                amount=500,
                currency="EUR",
                method="pm_card_visa",
                return_url="https://shop.example/",
            )
        assert other.requests == []


@pytest.mark.parametrize("name", ["long", "slow body"])
def test_an_order_whose_charge_got_such_an_answer_is_charged_once_in_the_end(
    settings: Any, stripe: OddServer, name: str
):
    order = place()
    with hostile.serving(ANSWERS[name]) as server:
        settings.STRIPE_API_BASE = server.url
        assert deliver(claim_task(task=CHARGE)) == State.PENDING
    settings.STRIPE_API_BASE = stripe.url
    deliver_all()
    assert (status(order), len(stripe.vault.intents)) == (Status.DELIVERED, 1)
    assert not Message.objects.dead().exists()
    assert is_sound()
