"""Order page of an order whose payment waits for the shopper or the bank."""

from typing import Any

import pytest

from orders.models import Order, Status
from shop.order_pages.selectors import order_view, unfinished_orders_of
from tests.delivery import claim_task, deliver
from tests.factories import UserFactory, place

pytestmark = pytest.mark.django_db


def waiting(method: str, **changes: Any) -> Order:
    order = place(payment_method=method, **changes)
    deliver(claim_task(task="payments.charge_payment"))
    return Order.objects.get(pk=order.pk)


def test_a_payment_at_the_bank_says_how_long_it_takes_and_offers_no_other_method(client):
    order = waiting("pm_sepa")
    page = client.get(f"/orders/{order.public_id}/").content.decode()
    assert "Your bank is processing the payment." in page
    assert "up to 5 working days" in page
    assert "Pay with another method" not in page
    assert "processing at your bank" in page


def test_an_order_to_confirm_can_be_paid_and_cancelled_and_has_a_time_limit():
    view = order_view(public_id=waiting("pm_3ds").public_id)
    assert (view.can_pay, view.can_cancel, view.is_final) == (True, True, False)
    assert view.unpaid_until is not None
    assert [step.state for step in view.progress.steps] == ["done", "now", "ahead", "ahead"]


def test_an_order_at_the_bank_can_be_cancelled_and_has_no_time_limit():
    view = order_view(public_id=waiting("pm_sepa").public_id)
    assert (view.can_pay, view.can_cancel, view.unpaid_until) == (False, True, None)


@pytest.mark.parametrize("method", ["pm_3ds", "pm_sepa"])
def test_a_waiting_order_keeps_its_shoppers_data(method):
    user = UserFactory.create()
    order = waiting(method, user=user)
    assert list(unfinished_orders_of(user=user)) == [order]


def test_another_method_from_the_page_replaces_the_payment(client):
    order = waiting("pm_3ds")
    client.post(f"/orders/{order.public_id}/pay/", {"payment_method": "pm_card_visa"})
    order.refresh_from_db()
    assert order.status == Status.PLACED
    assert sorted(order.payments.values_list("status", flat=True)) == ["cancelled", "pending"]
