"""Gateways under test, each with a payment method that works and one that is declined."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from payments.gateways import Gateway, RefundState, gateway
from payments.models import GatewayRefund
from tests.patience import PATIENCE
from tests.payments.gateways.stripe_server import StripeServer

STATUS = {RefundState.PENDING: "pending", RefundState.DONE: "succeeded", RefundState.FAILED: "failed"}


@dataclass(frozen=True)
class Subject:
    """`slow` is a method whose refunds are pending at first; `settle` then gives one its outcome.

    `forget` lets the gateway forget its idempotency keys, as after a day.
    """

    gateway: Gateway
    works: str
    declined: str
    code: str
    slow: str
    settle: Callable[[str, RefundState], object]
    forget: Callable[[], object]


@pytest.fixture
def stripe(settings: Any) -> Iterator[StripeServer]:
    """A fake Stripe server, with the shop configured to use it."""
    with StripeServer() as server:
        settings.PAYMENT_GATEWAY = "stripe"
        settings.STRIPE_SECRET_KEY = "sk_test_conveyor"
        settings.STRIPE_WEBHOOK_SECRETS = ("whsec_conveyor",)
        settings.STRIPE_API_BASE = server.url
        settings.CONVEYOR_TASK_TIME_LIMIT = PATIENCE  # of which a request may take a share
        yield server


@pytest.fixture(params=["simulated", "stripe"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "simulated":
        return Subject(
            gateway(),
            "pm_card_visa",
            "pm_card_declined",
            "card_declined",
            "pm_refund_pending",
            lambda reference, state: GatewayRefund.objects.filter(reference=reference).update(status=state.value),
            lambda: GatewayRefund.objects.update(is_forgotten=True),
        )
    server: StripeServer = request.getfixturevalue("stripe")
    return Subject(
        gateway(),
        "pm_card_visa",
        "pm_card_chargeDeclinedInsufficientFunds",
        "insufficient_funds",
        "pm_card_pendingRefund",
        lambda reference, state: server.vault.settle(reference, STATUS[state]),
        server.answers.clear,
    )
