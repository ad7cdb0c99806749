"""Payments that the shopper confirms with the bank: approved, declined, abandoned, replaced by another method."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from messaging.models import Message, State
from orders.models import Order, Status
from payments import services
from payments.gateways import Charge, ChargeState, simulated_charges
from payments.models import GatewayCharge, Payment, PaymentStatus
from shop.models import Product
from shop.order_pages.services import cancel, pay_again
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due, run_periodic
from tests.factories import place
from tests.payments.outcomes import CAPTURE, CHARGE, COMPARE, VOID, Interrupted, is_sound, reconcile, status

pytestmark = pytest.mark.django_db(transaction=True)
_State = GatewayCharge.State


def challenged() -> Order:
    """An order whose shopper has to confirm the payment."""
    order = place(payment_method="pm_3ds")
    deliver(claim_task(task=CHARGE))
    assert status(order) == Status.ACTION_REQUIRED
    return order


def answer(order: Order, *, is_approved: bool) -> None:
    """The shopper answers the bank, and nobody tells the shop."""
    assert simulated_charges.answer_challenge(reference=payment(order).gateway_reference, is_approved=is_approved)


def payment(order: Order) -> Payment:
    return order.payments.order_by("created_at").last()  # type: ignore[return-value]


def stock_of(order: Order) -> int:
    return Product.objects.get(sku=order.lines.get().sku).stock


def bank(order: Order) -> str:
    return payment(order).action_url


def test_a_payment_to_confirm_takes_nothing_keeps_the_stock_and_links_to_the_bank():
    order = challenged()
    assert payment(order).status == PaymentStatus.ACTION_REQUIRED
    assert bank(order) == reverse("simulated_bank:confirm", args=[payment(order).gateway_reference])
    assert not GatewayCharge.objects.get().is_captured
    assert not Message.objects.filter(task="shipping.create_shipment").exists()
    assert is_sound()


def test_an_approved_payment_pays_the_order_and_is_captured_once_it_has_shipped():
    order = challenged()
    answer(order, is_approved=True)
    make_due(task=COMPARE)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert (payment(order).status, payment(order).action_url) == (PaymentStatus.CAPTURED, "")
    assert is_sound()


def test_a_declined_confirmation_fails_the_payment_and_another_card_pays():
    order = challenged()
    answer(order, is_approved=False)
    make_due(task=COMPARE)
    deliver_due()
    assert status(order) == Status.PAYMENT_FAILED
    assert payment(order).failure_code == "authentication_failed"
    pay_again(order=order, payment_method="pm_card_visa")
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert is_sound()


def test_an_unanswered_payment_is_looked_at_again_and_again():
    order = challenged()
    for _ in range(3):
        make_due(task=COMPARE)
        deliver_due()
        assert status(order) == Status.ACTION_REQUIRED
        assert Message.objects.live().filter(task=COMPARE).count() == 1
    assert is_sound()


def test_an_abandoned_payment_is_cancelled_at_its_time_limit_and_released():
    order = challenged()
    deliver_all()
    assert status(order) == Status.CANCELLED
    assert order.events.get(kind="cancelled").data == {"reason": "unpaid"}
    assert GatewayCharge.objects.get().state == _State.VOIDED
    assert is_sound()


def test_a_confirmation_after_the_order_was_cancelled_takes_nothing():
    order = challenged()
    answer(order, is_approved=True)
    cancel(order=order)
    assert is_sound()
    deliver_due()
    assert status(order) == Status.CANCELLED
    assert GatewayCharge.objects.get().state == _State.VOIDED
    assert is_sound()


def test_another_method_replaces_the_payment_and_takes_no_stock_twice():
    order = challenged()
    before = stock_of(order)
    first = payment(order)
    pay_again(order=order, payment_method="pm_card_visa")
    assert status(order) == Status.PLACED
    assert stock_of(order) == before
    assert simulated_charges.answer_challenge(reference=first.gateway_reference, is_approved=True)
    deliver_due()
    assert status(order) == Status.SHIPPED
    assert list(order.payments.values_list("status", flat=True)) == ["cancelled", "captured"]
    assert GatewayCharge.objects.get(idempotency_key=str(first.pk)).state == _State.VOIDED
    assert is_sound()


def test_a_late_look_at_a_replaced_payment_does_not_pay_the_order():
    order = challenged()
    first = payment(order)
    pay_again(order=order, payment_method="pm_3ds")
    late = Charge(first.gateway_reference, first.amount, "EUR", ChargeState.AUTHORISED)
    services.record_outcome(payment=first, charge=late)
    assert status(order) == Status.PLACED
    first.refresh_from_db()
    assert first.status == PaymentStatus.CANCELLED


def test_a_confirmation_that_a_webhook_reports_before_the_reply_is_recorded_once(monkeypatch: pytest.MonkeyPatch):
    order = place(payment_method="pm_3ds")

    def confirm() -> None:
        monkeypatch.undo()
        charge = GatewayCharge.objects.get()
        simulated_charges.answer_challenge(reference=charge.reference, is_approved=True)
        services.enqueue_comparison(key=payment(order).pk, reference=charge.reference, number=order.number)
        assert deliver(claim_task(task=COMPARE)) == State.DONE

    monkeypatch.setattr("payments.services.charges.gateway", lambda **of: Interrupted(then=confirm))
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    assert status(order) == Status.PAID
    assert payment(order).status == PaymentStatus.AUTHORISED
    assert is_sound()


def test_reconciliation_finds_a_confirmation_whose_messages_were_lost():
    order = challenged()
    answer(order, is_approved=True)
    Message.objects.filter(task=COMPARE).update(state=State.DISCARDED)
    reconcile()
    assert status(order) == Status.SHIPPED
    assert is_sound()


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/",
        "javascript:alert(1)",
        "//bank.example/",
        "/\t/bank.example/",
        "http://127.0.0.1:80@bank.example/",
        "https://x/" + "y" * 1000,
    ],
)
def test_no_other_link_than_https_or_our_own_is_shown(url: str):
    order = place(payment_method="pm_3ds")
    first = payment(order)
    charge = Charge("ch_1", first.amount, "EUR", ChargeState.ACTION_REQUIRED, url)
    services.record_outcome(payment=first, charge=charge)
    assert (status(order), bank(order)) == (Status.ACTION_REQUIRED, "")


def test_the_order_page_links_to_the_bank_and_offers_another_method(client: Client):
    order = challenged()
    page = client.get(f"/orders/{order.public_id}/").content.decode()
    assert f'href="{bank(order)}"' in page
    assert "Confirm by" in page
    assert "Pay with another method" in page
    assert "Please confirm the payment with your bank." in page


@pytest.mark.parametrize(("click", "expected"), [("approve", Status.SHIPPED), ("decline", Status.PAYMENT_FAILED)])
def test_the_simulated_bank_asks_once_and_leads_back_to_the_order(client: Client, click: str, expected: str):
    order = challenged()
    assert "Approve" in client.get(bank(order)).content.decode()
    url = bank(order)
    response = client.post(url, {"answer": click})
    assert (response.status_code, response.url) == (302, f"/orders/{order.public_id}/")  # type: ignore[attr-defined]
    deliver_due()
    assert status(order) == expected
    assert "answered already" in client.get(url).content.decode()
    written = Message.objects.count()
    assert client.post(url, {"answer": click}).status_code == 302
    assert Message.objects.count() == written, "a repeated answer asks for nothing"
    assert is_sound()


def test_the_simulated_bank_needs_a_csrf_token_and_does_not_exist_beside_a_real_gateway(settings: Any):
    order = challenged()
    assert Client(enforce_csrf_checks=True).post(bank(order), {"answer": "approve"}).status_code == 403
    url = bank(order)
    settings.PAYMENT_GATEWAY = "stripe"
    assert Client().get(url).status_code == 404
    assert Client().get("/payments/simulated-bank/ch_unknown/").status_code == 404


def test_the_api_has_the_banks_page(client: Client):
    order = challenged()
    data = client.get(f"/api/v1/orders/{order.public_id}/").json()
    assert data["status"] == data["payment"]["status"] == "action_required"
    assert data["payment"]["action_url"] == f"http://testserver{bank(order)}"


def test_a_shopper_who_left_is_asked_by_email_to_confirm():
    order = challenged()
    Order.objects.filter(pk=order.pk).update(placed_at=order.placed_at - timedelta(minutes=2))
    run_periodic("orders.acknowledge_orders")
    assert [message.subject for message in mail.outbox] == [f"Confirm the payment of order {order.number}"]


def test_a_void_is_enqueued_once():
    order = challenged()
    cancel(order=order)
    services.enqueue_void(payment=payment(order), order=order)
    assert Message.objects.filter(task=VOID).count() == 1
    assert not Message.objects.filter(task=CAPTURE).exists()
