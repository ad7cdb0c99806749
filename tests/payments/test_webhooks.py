"""Stripe webhooks: verified, stored once, and checked against Stripe's record."""

import json
import random
import uuid
from typing import Any

import hypothesis
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st

from messaging.invariants import audit
from messaging.models import Message, State
from orders import webhook_events
from orders.models import Order, Status
from payments.gateways.stripe import KEY
from payments.models import GatewayEvent, Payment, PaymentStatus, RefundSource, RefundStatus
from shop.order_pages.services import cancel
from tests import fuzzing
from tests.delivery import deliver_all, deliver_due, make_due
from tests.factories import place
from tests.payments.gateways.stripe_server import Fault, StripeServer
from tests.payments.gateways.stripe_webhook import PATH, SECRET, event, intent, post_event, signature
from tests.payments.refunds.refunding import start_refund

pytestmark = pytest.mark.django_db(transaction=True)
COMPARE, NOON = "payments.compare_payment", 1_800_000_000


def charged(stripe: StripeServer, payment: Payment) -> dict[str, Any]:
    """Stripe captures the money for `payment` without a response to the shop."""
    form = {
        "amount": str(payment.amount),
        "currency": payment.currency.lower(),
        "payment_method": "pm_card_visa",
        "metadata": {"conveyor_key": str(payment.pk)},
    }
    return stripe.vault.create(form)


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def test_an_event_is_stored_and_acknowledged_before_it_is_processed(stripe):
    payment = place().payments.get()
    Message.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        assert post_event(event("payment_intent.succeeded", intent(payment.pk))) == 200
    assert len(captured) <= 9
    assert stripe.requests == []
    assert GatewayEvent.objects.get().key == payment.pk
    message = Message.objects.get()
    assert (message.task, message.queue, message.subject) == (COMPARE, "payments", payment.order.number)


@pytest.mark.parametrize(
    "options",
    [
        {"header": ""},
        {"header": "t=1,v1=abc"},
        {"secret": "whsec_other"},
        {"at": NOON - 301},
        {"at": NOON + 301},
        {"at": 10**400},
        {"at": -(10**400)},
        {"header": "é"},
    ],
    ids=["none", "nonsense", "another secret", "too old", "future", "400 digits", "400 digits ago", "not ASCII"],
)
def test_a_request_without_a_recent_valid_signature_is_refused(stripe, options, time_machine):
    time_machine.move_to(NOON, tick=False)
    assert post_event(event("payment_intent.succeeded", intent(uuid.uuid4())), **options) == 400
    assert not GatewayEvent.objects.exists()
    assert not Message.objects.exists()


def test_a_tampered_body_is_refused(stripe):
    body = json.dumps(event("payment_intent.succeeded", intent(uuid.uuid4()))).encode()
    headers = {"Stripe-Signature": signature(body)}
    changed = body.replace(b"succeeded", b"canceled ")
    assert Client().post(PATH, changed, content_type="application/json", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"nonsense", b"[" * 100_000, b'{"id": "evt_1", "type": "x", "data": 7}', b"9" * 5000]
)
def test_a_signed_body_that_is_not_an_event_is_kept_as_a_dead_letter_once(stripe, body):
    headers = {"Stripe-Signature": signature(body)}
    for _ in range(2):
        assert Client().post(PATH, body, content_type="application/json", headers=headers).status_code == 200
    kept = Message.objects.get()
    assert (kept.state, kept.queue, bytes(kept.raw_body or b"")) == (State.DEAD, "payments", body)
    assert kept.error_message.startswith("Stripe sent a signed event that cannot be read")
    assert audit() == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800") | st.just("a\x00b"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_PLACES = (
    ("id",),
    ("type",),
    ("data",),
    ("data", "object"),
    *(("data", "object", name) for name in ("id", "object", "metadata", "payment_intent", "charge")),
    ("data", "object", "metadata", KEY),
)


@hypothesis.settings(max_examples=60, suppress_health_check=list(hypothesis.HealthCheck), deadline=None)
@hypothesis.given(place=st.sampled_from(_PLACES), value=_JSON, kind=st.sampled_from(["payment_intent", "refund"]))
def test_a_wrong_value_anywhere_in_a_signed_event_is_no_error_of_the_shop(stripe, place, value, kind):
    content = event(f"{kind}.updated", intent(uuid.uuid4(), payment_intent="pi_1") | {"object": kind})
    *path, last = place
    inner = content
    for step in path:
        inner = inner[step]
    inner[last] = value
    assert post_event(content) in (200, 429)


@pytest.mark.parametrize("signed", [True, False])
def test_a_body_has_a_bound_signed_or_not(stripe, signed):
    body = b" " * (webhook_events.MAX_BYTES + 1)
    headers = {"Stripe-Signature": signature(body) if signed else ""}
    assert Client().post(PATH, body, content_type="application/json", headers=headers).status_code == 413
    assert not Message.objects.exists()


def test_unread_events_have_a_bound(stripe, monkeypatch):
    monkeypatch.setattr(webhook_events, "MAX_KEPT", 2)
    assert [post_event({"n": n}) for n in range(4)] == [200, 200, 429, 429]
    assert Message.objects.count() == 2


def test_only_post_is_allowed_and_only_with_a_secret(stripe, settings):
    assert Client().get(PATH).status_code == 405
    settings.STRIPE_WEBHOOK_SECRETS = ()
    assert post_event(event("payment_intent.succeeded", intent(uuid.uuid4()))) == 404


def test_while_the_secret_changes_both_sign_and_no_third_one(stripe, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ("whsec_new", SECRET)
    content = event("payment_intent.succeeded", intent(uuid.uuid4()))
    assert [post_event(content, secret=secret) for secret in ("whsec_new", SECRET, "whsec_another")] == [200, 200, 400]
    assert (post_event({"n": 1}), Message.objects.dead().count()) == (200, 1)


def test_events_about_other_systems_charges_are_ignored(stripe):
    foreign = {"id": "pi_9", "object": "payment_intent", "metadata": {}}
    assert post_event(event("payment_intent.succeeded", foreign)) == 200
    assert post_event(event("charge.refunded", {"id": "ch_9", "object": "charge", "payment_intent": "pi_9"})) == 200
    assert post_event(event("customer.created", {"id": "cus_9", "object": "customer"})) == 200
    assert not Message.objects.exists()


def test_a_duplicate_event_is_processed_once(stripe):
    payment = place().payments.get()
    content = event("payment_intent.succeeded", intent(payment.pk))
    assert [post_event(content), post_event(content)] == [200, 200]
    assert Message.objects.filter(task=COMPARE).count() == 1


def test_a_capture_known_only_from_a_webhook_pays_the_order(stripe):
    order = place()
    payment = order.payments.get()
    Message.objects.filter(task="payments.charge_payment").update(state=State.DISCARDED)
    taken = charged(stripe, payment)
    post_event(event("payment_intent.succeeded", intent(payment.pk, taken["id"])))
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert order.payments.get().gateway_reference == taken["id"]


def test_webhook_and_charge_may_arrive_in_any_order(stripe):
    order = place()
    deliver_due()
    payment = order.payments.get()
    assert payment.status == PaymentStatus.CAPTURED
    post_event(event("payment_intent.succeeded", intent(payment.pk, payment.gateway_reference)))
    post_event(event("payment_intent.payment_failed", intent(payment.pk, payment.gateway_reference)))
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert not Message.objects.dead().exists()


def test_money_captured_for_a_cancelled_order_is_refunded(stripe):
    order = place()
    payment = order.payments.get()
    cancel(order=order)
    deliver_due()
    taken = charged(stripe, payment)
    post_event(event("payment_intent.succeeded", intent(payment.pk, taken["id"])))
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert [refund["amount"] for refund in stripe.vault.refunds.values()] == [order.total]


def test_a_decline_known_only_from_a_webhook_fails_the_payment(stripe):
    order = place(payment_method="pm_card_chargeDeclined")
    payment = order.payments.get()
    stripe.faults.append(Fault(None, applied=True))
    deliver_due()
    reference = next(iter(stripe.vault.intents))
    post_event(event("payment_intent.payment_failed", intent(payment.pk, reference)))
    make_due(task=COMPARE)
    deliver_due()
    assert status(order) == Status.PAYMENT_FAILED


def test_a_capture_without_a_payment_needs_an_operator(stripe):
    stranger = uuid.uuid4()
    taken = stripe.vault.create(
        {
            "amount": "700",
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "metadata": {"conveyor_key": str(stranger)},
        }
    )
    post_event(event("payment_intent.succeeded", intent(stranger, taken["id"])))
    deliver_due()
    dead = Message.objects.dead().get()
    assert dead.error_message == f"The gateway captured 700 EUR ({taken['id']}), but no payment is known for it."


def test_a_refund_in_stripes_dashboard_is_adopted(stripe):
    order = place()
    deliver_due()
    payment = order.payments.get()
    made = stripe.vault.refund({"payment_intent": payment.gateway_reference, "amount": "100"})
    subject = {"id": "ch_1", "object": "charge", "payment_intent": payment.gateway_reference}
    post_event(event("charge.refunded", subject))
    deliver_due()
    refund = payment.refunds.get()
    assert (refund.amount, refund.status, refund.source, refund.gateway_reference) == (
        100,
        RefundStatus.DONE,
        RefundSource.GATEWAY,
        made["id"],
    )
    assert not Message.objects.dead().exists()
    assert audit() == []


@pytest.mark.parametrize("kind", ["refund.updated", "refund.failed", "charge.refund.updated"])
@pytest.mark.parametrize(("outcome", "status"), [("succeeded", RefundStatus.DONE), ("failed", RefundStatus.FAILED)])
def test_an_event_about_a_pending_refund_settles_it(stripe, kind, outcome, status):
    order = place(payment_method="pm_card_pendingRefund")
    deliver_due()
    refund = start_refund(order, 500)
    deliver_due()
    (made,) = stripe.vault.refunds.values()
    stripe.vault.settle(made["id"], outcome)
    post_event(event(kind, dict(made)))
    deliver_due()
    refund.refresh_from_db()
    assert refund.status == status
    assert not Message.objects.dead().exists()


@pytest.mark.slow
def test_duplicated_and_shuffled_events_change_nothing(stripe, settings):
    settings.CONVEYOR_TRANSIT_SECONDS = 86_400  # however slow the machine is, no parcel arrives meanwhile
    methods = ("pm_card_visa", "pm_card_chargeDeclined") * fuzzing.examples(25)
    orders = [place(payment_method=method) for method in methods]
    deliver_due(limit=1000)
    for order in orders[::10]:
        start_refund(order, order.total)
    deliver_due(limit=1000)
    before = _outcomes(orders)
    events = [
        event(kind, intent(found["metadata"]["conveyor_key"], found["id"]))
        for found in stripe.vault.intents.values()
        for kind in ("created", "processing", "succeeded", "payment_failed", "canceled", "a", "b", "c", "d", "e")
    ]
    assert len(events) == 10 * len(orders)
    twice = events * 2
    random.Random(7).shuffle(twice)
    assert {post_event(content) for content in twice} == {200}
    assert GatewayEvent.objects.count() == len(events)
    deliver_due(limit=2000)
    assert _outcomes(orders) == before
    assert not Message.objects.dead().exists()
    assert audit() == []


def _outcomes(orders: list[Order]) -> list[tuple[str, str, int]]:
    return [
        (status(order), payment.status, payment.refunds.count())
        for order in orders
        for payment in order.payments.order_by("pk")
    ]
