"""Stripe's answers of any shape: each call ends in a result or a typed error, and a charge is recorded once at most."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Message, State
from orders.models import Status
from payments.gateways import CardDeclined, GatewayUnavailable, RequestRefused
from payments.gateways.stripe import StripeGateway
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.payments.gateways.answers.odd_server import OddServer
from tests.payments.outcomes import CHARGE, is_sound, status

pytestmark = pytest.mark.django_db(transaction=True)
BODIES = [
    b"", b"null", b"[]", b"{}", b'"text"', b"5", b"<html>Bad gateway</html>", b"\xff\xfe", b'{"object": "list"}',
    b'{"error": null}', b'{"error": "text"}', b'{"error": []}', b"[" * 100_000,
]  # fmt: skip
VALUES: list[Any] = [
    None, [], {}, "", "text", "\ud800", "a\x00b", "x" * 3000, -1, 0, 10**30, 1.5, True, "499", [{}], {"id": 5},
]  # fmt: skip


def calls(reference: str, refund: str, dispute: str) -> dict[str, Callable[[], Any]]:
    gateway, since = StripeGateway(), timezone.now() - timedelta(hours=1)
    request: dict[str, Any] = {
        "amount": 500,
        "currency": "EUR",
        "method": "pm_card_visa",
        "return_url": "https://shop.example/",
    }
    return {
        "authorise": lambda: gateway.authorise(idempotency_key="k2", **request),
        "capture": lambda: gateway.capture(idempotency_key="k1", reference=reference, amount=500),
        "void": lambda: gateway.void(reference=reference),
        "refund": lambda: gateway.refund(idempotency_key="r2", charge_reference=reference, amount=10),
        "find refund": lambda: gateway.find_refund(
            idempotency_key="r1", charge_reference=reference, reference=refund
        ),
        "refunds": lambda: gateway.refunds(charge_reference=reference),
        "fetch": lambda: gateway.fetch(idempotency_key="k1", reference=reference),
        "search": lambda: gateway.fetch(idempotency_key="k1"),
        "records": lambda: gateway.records(since=since),
        "dispute": lambda: gateway.fetch_dispute(reference=dispute),
        "disputes": lambda: gateway.disputes(since=since),
    }  # fmt: skip


@pytest.fixture
def asked(stripe: OddServer) -> dict[str, Callable[[], Any]]:
    """Every call, about a captured charge with a refund and a dispute."""
    gateway = StripeGateway()
    charge = gateway.authorise(
        idempotency_key="k1", amount=500, currency="EUR", method="pm_card_visa", return_url="https://shop.example/"
    )
    gateway.capture(idempotency_key="k1", reference=charge.reference, amount=500)
    refund = gateway.refund(idempotency_key="r1", charge_reference=charge.reference, amount=10)
    return calls(charge.reference, refund.reference, stripe.vault.disputes.open(charge.reference)["id"])


@pytest.mark.parametrize("status", [200, 302, 400, 402, 404, 500])
def test_an_answer_that_is_not_as_documented_is_a_typed_error(stripe: OddServer, asked: Any, status: int):
    for body in BODIES:
        for name, call in asked.items():
            stripe.bodies = [(status, body)]
            _ends(call, about=(name, body[:50]))


def test_a_wrong_value_anywhere_in_an_answer_is_a_typed_error(stripe: OddServer, asked: Any):
    rng = random.Random(0)
    for name, call in asked.items():
        for _ in range(60):
            wrong = rng.choice([*VALUES, ...])
            stripe.change = partial(_changed, rng, wrong)
            _ends(call, about=(name, wrong))


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"id": "\\ud800"}', b'{"error": {"code": "\\ud800"}}'])
def test_an_order_whose_charge_got_an_odd_answer_is_charged_once_in_the_end(stripe: OddServer, body: bytes):
    order = place()
    stripe.bodies = [(200, body)]
    assert deliver(claim_task(task=CHARGE)) == State.PENDING
    deliver_all()
    assert (status(order), len(stripe.vault.intents)) == (Status.DELIVERED, 1)
    assert not Message.objects.dead().exists()
    assert is_sound()


def test_a_decline_whose_code_no_database_stores_is_a_decline(stripe: OddServer):
    order = place()
    stripe.bodies = [(402, b'{"error": {"type": "card_error", "code": "\\ud800"}}')]
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    assert (status(order), order.payments.get().failure_code) == (Status.PAYMENT_FAILED, "\ufffd")


@pytest.mark.parametrize("wrong", ["", "half \ud800", "x" * 101, 5, None])
def test_a_reference_that_no_database_stores_is_not_recorded(stripe: OddServer, wrong: Any):
    order = place()
    stripe.change = lambda body: body | {"id": wrong}
    assert deliver(claim_task(task=CHARGE)) == State.PENDING
    stripe.change = lambda body: body
    deliver_all()
    assert (status(order), len(stripe.vault.intents)) == (Status.DELIVERED, 1)


def _ends(call: Callable[[], Any], *, about: Any) -> None:
    try:
        call()
    except (CardDeclined, GatewayUnavailable, RequestRefused):
        return
    except Exception as error:
        pytest.fail(f"{about}: {error!r}")


def _changed(rng: random.Random, wrong: Any, document: Any) -> Any:
    """With `wrong` at some place, or without that place."""
    inner: Any = document
    above: Any = None
    last: Any = None
    while isinstance(inner, dict | list) and inner and (above is None or rng.random() < 0.7):
        above, last = inner, rng.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        inner = inner[last]
    if above is not None and wrong is ...:
        del above[last]
    elif above is not None:
        above[last] = wrong
    return document
