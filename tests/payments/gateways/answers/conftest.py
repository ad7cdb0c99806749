"""Odd answers of Stripe."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.payments.gateways.answers.odd_server import OddServer


@pytest.fixture
def stripe(settings: Any) -> Iterator[OddServer]:
    with OddServer() as server:
        settings.PAYMENT_GATEWAY = "stripe"
        settings.STRIPE_SECRET_KEY = "sk_test_conveyor"
        settings.STRIPE_API_BASE = server.url
        yield server
