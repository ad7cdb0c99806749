"""Order view: content, statement budget, and a version that follows every change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.order_pages.selectors import OrderView, order_view, orders_of
from shop.order_pages.services import cancel
from shop.returns.selectors import ReturnSummary, returns_of
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import UserFactory, place
from tests.payments.outcomes import capture_now
from tests.shop.returns.returned import receive, requested

pytestmark = pytest.mark.django_db(transaction=True)


def view(order: Order) -> OrderView:
    return order_view(public_id=order.public_id)


def test_a_new_order_is_shown_with_its_payment_and_no_parcel():
    order = place()
    shown = view(order)
    assert shown.order == order
    assert [(entry.event, entry.text) for entry in shown.timeline] == [("placed", "Order placed")]
    assert shown.payment is not None
    assert (shown.payment.status, shown.payment.attempts) == ("pending", 0)
    assert shown.shipment is None
    assert (shown.is_final, shown.can_cancel, shown.can_pay) == (False, True, False)


def test_a_delivered_order_is_final_and_shows_its_parcel():
    order = place()
    deliver_all()
    shown = view(order)
    assert [entry.event for entry in shown.timeline] == ["placed", "paid", "shipped", "delivered"]
    assert shown.shipment is not None
    assert shown.shipment.status == "delivered"
    assert shown.shipment.tracking_number.startswith("SP")
    assert (shown.is_final, shown.can_cancel, shown.can_pay) == (True, False, False)


def test_a_declined_card_can_be_replaced():
    order = place(payment_method="pm_card_declined")
    deliver(claim_task(task="payments.charge_payment"))
    shown = view(order)
    assert (shown.is_final, shown.can_cancel, shown.can_pay) == (False, True, True)
    assert shown.payment is not None
    assert shown.payment.failure_code == "card_declined"


def test_a_cancelled_order_is_final_once_nothing_is_owed():
    unpaid, paid = place(), place()
    deliver(claim_task(task="payments.charge_payment", subject=paid.number))
    capture_now(paid)
    cancel(order=unpaid)
    cancel(order=paid)
    assert view(unpaid).is_final
    assert not view(paid).is_final
    deliver(claim_task(task="payments.refund_payment"))
    assert view(paid).is_final


def test_an_order_needs_an_operator_when_a_step_failed_for_good():
    flaky, broken = place(payment_method="pm_flaky_2"), place(payment_method="pm_bug")
    for order in (flaky, broken):
        deliver(claim_task(task="payments.charge_payment", subject=order.number))
    assert not view(flaky).needs_operator
    assert view(broken).needs_operator
    cancel(order=broken)
    assert not view(broken).needs_operator


def test_the_version_changes_with_every_step_only():
    order = place(payment_method="pm_flaky_2")
    versions = [view(order).version]
    assert view(order).version == versions[0]
    for _ in range(3):
        deliver(claim_task(task="payments.charge_payment"))
        versions.append(view(order).version)
    deliver(claim_task(task="shipping.create_shipment"))
    versions.append(view(order).version)
    assert len(set(versions)) == 5


def test_a_view_takes_at_most_seven_statements_and_more_only_for_returns():
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    deliver(claim_task(task="shipping.create_shipment"))
    with CaptureQueriesContext(connection) as captured:
        view(order)
    assert len(captured) <= 6
    deliver_all()
    with CaptureQueriesContext(connection) as captured:
        view(order)
    assert len(captured) <= 8
    for _ in range(2):
        requested(order, pieces=[1])
    with CaptureQueriesContext(connection) as captured:
        view(order)
    assert len(captured) <= 10


def test_what_is_committed_between_its_statements_leaves_no_final_view_behind_the_order(monkeypatch):
    """A final page is not updated any more, so that it would show for ever what was before."""
    order = place()
    deliver_all()
    found = requested(Order.objects.get(pk=order.pk))
    deliver_all()
    receive(found)

    def refunded_meanwhile(*, order: Order) -> list[ReturnSummary]:
        deliver_all()
        return returns_of(order=order)

    monkeypatch.setattr("shop.order_pages.selectors.returns_of", refunded_meanwhile)
    shown = view(order)
    assert shown.is_final
    assert shown.payment is not None
    assert (shown.order.status, shown.payment.status, shown.timeline[-1].event) == ("refunded",) * 3


def test_an_unknown_public_id_is_rejected():
    with pytest.raises(Order.DoesNotExist):
        order_view(public_id="nobody-knows")


def test_orders_are_the_shoppers_own_newest_first():
    user = UserFactory.create()
    first, second = place(user=user), place(user=user)
    place()
    assert list(orders_of(user=user)) == [second, first]
