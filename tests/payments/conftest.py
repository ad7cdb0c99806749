"""Gateways under test, each with a payment method that works and one that is declined."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from payments.gateways import Gateway, gateway
from tests.patience import PATIENCE
from tests.payments.gateways.stripe_server import StripeServer


@dataclass(frozen=True)
class Subject:
    gateway: Gateway
    works: str
    declined: str
    code: str


@pytest.fixture
def stripe(settings: Any) -> Iterator[StripeServer]:
    """A fake Stripe server, with the shop configured to use it."""
    with StripeServer() as server:
        settings.PAYMENT_GATEWAY = "stripe"
        settings.STRIPE_SECRET_KEY = "sk_test_conveyor"
        settings.STRIPE_WEBHOOK_SECRET = "whsec_conveyor"
        settings.STRIPE_API_BASE = server.url
        settings.CONVEYOR_TASK_TIME_LIMIT = PATIENCE  # of which a request may take a share
        yield server


@pytest.fixture(params=["simulated", "stripe"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "simulated":
        return Subject(gateway(), "pm_card_visa", "pm_card_declined", "card_declined")
    request.getfixturevalue("stripe")
    return Subject(gateway(), "pm_card_visa", "pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds")
