"""Captures: the money is taken once the order has shipped, exactly once, or an operator sees why not."""

from datetime import timedelta
from typing import Any

import pytest

from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from orders.models import Order, Status
from orders.services import mark_shipped
from payments import services
from payments.gateways import Charge, OutcomeUnknown, RequestRefused
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, Payment, PaymentStatus, Refund
from payments.signals import payment_captured
from shop.order_pages.services import pay_again
from tests.delivery import claim_task, deliver, deliver_due, make_due
from tests.factories import place
from tests.payments.outcomes import CAPTURE, CHARGE, capture_now, is_sound, reconcile, status
from tests.payments.refunds.refunding import compare

pytestmark = pytest.mark.django_db(transaction=True)


def paid(**options: Any) -> Order:
    order = place(**options)
    deliver(claim_task(task=CHARGE))
    return order


def shipped(**options: Any) -> Order:
    order = paid(**options)
    deliver(claim_task(task="shipping.create_shipment"))
    assert status(order) == Status.SHIPPED
    return order


def capture_now_at_gateway(order: Order) -> Charge:
    reference = order.payments.get().gateway_reference
    return SimulatedGateway().capture(idempotency_key="x", reference=reference, amount=order.total)


def void_at_gateway() -> None:
    GatewayCharge.objects.update(state=GatewayCharge.State.VOIDED)


def test_an_order_is_captured_once_it_has_shipped_and_not_before():
    order = shipped()
    assert not GatewayCharge.objects.get().is_captured
    assert order.payments.get().status == PaymentStatus.AUTHORISED
    assert is_sound()
    seen: list[Payment] = []

    def remember(*, payment: Payment, **kwargs: Any) -> None:
        seen.append(payment)

    payment_captured.connect(remember)
    assert deliver(claim_task(task=CAPTURE)) == State.DONE
    payment_captured.disconnect(remember)
    assert GatewayCharge.objects.get().is_captured
    payment = order.payments.get()
    assert (payment.status, payment.captured_at is None) == (PaymentStatus.CAPTURED, False)
    assert [(each.pk, each.order.pk) for each in seen] == [(payment.pk, order.pk)]
    assert is_sound()


def test_a_second_delivery_of_a_capture_changes_nothing():
    order = shipped()
    message = claim_task(task=CAPTURE)
    deliver(message)
    assert deliver(message, redelivered=True) == State.DONE
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert is_sound()


def test_a_capture_whose_reply_is_lost_is_found(monkeypatch: pytest.MonkeyPatch):
    order = shipped()

    class Lost(SimulatedGateway):
        def capture(self, **kwargs: Any) -> Charge:
            super().capture(**kwargs)
            raise OutcomeUnknown("No reply.", concerns_all=False)

    monkeypatch.setattr("payments.services.captures.gateway", lambda **of: Lost())
    message = claim_task(task=CAPTURE)
    assert deliver(message) == State.PENDING
    assert is_sound()
    make_due(task=CAPTURE)
    assert deliver(claim_task(task=CAPTURE)) == State.DONE
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert is_sound()


def test_a_capture_that_the_gateway_refuses_waits_for_an_operator_who_learns_why():
    order = shipped()
    void_at_gateway()
    message = claim_task(task=CAPTURE)
    assert deliver(message) == State.DEAD
    assert message.error_type.endswith("AuthorisationLost")
    assert status(order) == Status.SHIPPED
    retry(ids=[message.pk], actor=Actor.system("olga"))
    deliver_due()
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_a_capture_is_looked_for_before_the_next_attempt(monkeypatch: pytest.MonkeyPatch):
    """Gateways forget idempotency keys; an operator's retry a week later must not capture again."""
    order = shipped()
    capture_now_at_gateway(order)

    def never(self: SimulatedGateway, **kwargs: Any) -> Charge:
        raise AssertionError("captured again")

    monkeypatch.setattr(SimulatedGateway, "capture", never)
    message = claim_task(task=CAPTURE)
    Message.objects.filter(pk=message.pk).update(sends=2)
    message.refresh_from_db()
    assert deliver(message) == State.DONE
    assert order.payments.get().status == PaymentStatus.CAPTURED


def test_a_capture_that_is_recorded_twice_is_refunded_never():
    order = shipped()
    charge = capture_now_at_gateway(order)
    payment = order.payments.select_related("order").get()
    for _ in range(2):
        services.record_outcome(payment=payment, charge=charge)
    assert not Refund.objects.exists()
    assert is_sound()


def test_an_order_captured_in_the_dashboard_is_not_captured_again():
    order = paid()
    capture_now(order)
    deliver(claim_task(task="shipping.create_shipment"))
    assert not Message.objects.filter(task=CAPTURE).exists()
    assert is_sound()


def test_an_authorisation_that_expires_before_shipment_takes_the_order_back_to_its_payment():
    order = paid()
    void_at_gateway()
    assert compare(order.payments.select_related("order").get()) == State.DONE
    assert status(order) == Status.PAYMENT_FAILED
    assert order.payments.get().failure_code == "authorisation_expired"
    deliver_due()
    assert status(order) == Status.PAYMENT_FAILED
    assert not order.shipments.exists()
    assert is_sound()


def test_an_order_that_is_paid_again_after_its_authorisation_expired_ships_once():
    order = paid()
    void_at_gateway()
    compare(order.payments.select_related("order").get())
    pay_again(order=order, payment_method="pm_card_visa")
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert order.shipments.count() == 1
    assert is_sound()


def test_a_lost_authorisation_of_a_shipped_order_is_a_mismatch_for_an_operator():
    order = shipped()
    void_at_gateway()
    assert compare(order.payments.select_related("order").get()) == State.DEAD
    assert status(order) == Status.SHIPPED


def test_the_daily_run_compares_authorisations_that_are_older_than_the_gateways_list():
    order = paid()
    long_ago = order.placed_at - timedelta(days=365)
    Payment.objects.update(created_at=long_ago)
    GatewayCharge.objects.update(created_at=long_ago, state=GatewayCharge.State.VOIDED)
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DISCARDED)
    reconcile()
    assert status(order) == Status.PAYMENT_FAILED


def test_a_comparison_releases_what_an_older_release_left_reserved_when_it_cancelled_the_order():
    order = paid()
    Order.objects.update(status=Status.CANCELLED)
    Message.objects.filter(task="shipping.create_shipment").update(state=State.DISCARDED)
    compare(order.payments.select_related("order").get())
    deliver_due()
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert GatewayCharge.objects.get().state == GatewayCharge.State.VOIDED


def test_a_run_leaves_authorisations_that_agree_alone():
    order = paid()
    assert reconcile() == []
    assert order.payments.get().confirmed_at is not None


def test_capturing_more_than_was_authorised_is_refused():
    order = paid()
    with pytest.raises(RequestRefused):
        SimulatedGateway().capture(
            idempotency_key="x", reference=order.payments.get().gateway_reference, amount=order.total + 1
        )


def test_a_shipment_without_an_authorised_payment_enqueues_nothing():
    order = paid()
    capture_now(order)
    mark_shipped(order=order, carrier="swiftpost", tracking_number="X")
    services.request_capture(order=order)
    assert not Message.objects.filter(task=CAPTURE).exists()
