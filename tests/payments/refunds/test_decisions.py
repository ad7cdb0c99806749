"""Operators' decisions about refunds that failed: repeated or settled by hand, never both."""

from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import Message, State
from orders.models import Status
from orders.money import display
from orders.services.operators import Trusted
from orders.timeline import describe
from payments import selectors
from payments.errors import RefundUnderWay
from payments.gateways import RefundState
from payments.models import GatewayRefund, PaymentStatus, Refund, RefundStatus
from payments.services import repeat_refund, settle_refund
from tests.auditing import broken
from tests.delivery import deliver_all, deliver_due
from tests.factories import client_with
from tests.payments.outcomes import REFUND, is_sound, status
from tests.payments.refunds.refunding import (
    compare,
    delivered,
    failed,
    fresh,
    owed_back,
    refunded_at_gateway,
    settle_at_gateway,
    start_refund,
    work_off,
)
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def repeat(refund: Refund) -> None:
    repeat_refund(refund=refund, by=Trusted("olga"), reason="new card")


def settle(refund: Refund) -> None:
    settle_refund(refund=refund, by=Trusted("olga"), reason="bank transfer")


@pytest.mark.parametrize("amount", [700, 2500])
def test_a_repeated_refund_is_another_one_at_the_gateway(amount):
    refund = failed(amount)
    repeat(refund)
    work_off()
    refund = fresh(refund)
    assert (refund.status, refund.repeats, refund.failure_code) == (RefundStatus.DONE, 1, "")
    assert sorted(GatewayRefund.objects.values_list("repeat", "status")) == [(0, "failed"), (1, "done")]
    assert status(refund.payment.order) == (Status.REFUNDED if amount == 2500 else Status.DELIVERED)
    deliver_all()
    assert is_sound()


def test_a_refund_that_fails_after_its_order_was_refunded_is_repeated():
    order = delivered()
    refund = start_refund(order, order.total)
    deliver_all()
    settle_at_gateway(refund, RefundState.FAILED)
    compare(fresh(refund).payment)
    repeat(fresh(refund))
    work_off()
    assert (fresh(refund).status, status(order)) == (RefundStatus.DONE, Status.REFUNDED)
    assert refunded_at_gateway() == order.total
    assert is_sound()


def test_a_late_success_of_a_failed_refund_stops_its_repetition():
    refund = failed()
    repeat(refund)
    GatewayRefund.objects.update(status="done")
    work_off()
    assert fresh(refund).status == RefundStatus.DONE
    assert refunded_at_gateway() == 700
    assert is_sound()


def test_a_late_success_that_is_compared_before_the_repetition_stops_it_too():
    refund = failed()
    repeat(refund)
    GatewayRefund.objects.update(status="done")
    compare(refund.payment)
    assert fresh(refund).status == RefundStatus.DONE
    work_off()
    assert refunded_at_gateway() == 700
    assert is_sound()


def test_a_late_success_beside_its_repetition_is_adopted_and_reported():
    refund = failed()
    repeat(refund)
    work_off()
    GatewayRefund.objects.update(status="done")
    compare(refund.payment)
    assert selectors.refunded_amount(payment=refund.payment) == refunded_at_gateway() == 1400
    assert list(broken()) == ["no refund is made twice"]


@pytest.mark.parametrize("amount", [700, 2500])
def test_a_refund_settled_by_hand_counts_as_refunded(amount):
    refund = failed(amount)
    order = refund.payment.order
    settle(refund)
    assert fresh(refund).status == RefundStatus.SETTLED
    assert owed_back(order) == 0
    assert selectors.refunded_amount(payment=refund.payment) == amount
    assert selectors.refundable_amount(order=order) == order.total - amount
    assert status(order) == (Status.REFUNDED if amount == 2500 else Status.DELIVERED)
    event = order.events.get(kind="refund_settled")
    assert (event.data["by"], event.data["reason"]) == ("olga", "bank transfer")
    assert describe(event).endswith("refunded by our team")
    deliver_all()
    compare(fresh(refund).payment)
    assert is_sound()


def test_a_late_success_of_a_settled_refund_is_adopted_and_reported():
    refund = failed()
    settle(refund)
    GatewayRefund.objects.update(status="done")
    compare(refund.payment)
    compare(refund.payment)
    assert sorted(Refund.objects.values_list("status", flat=True)) == ["done", "settled"]
    assert list(broken()) == ["no refund is made twice"]


def test_a_late_success_of_a_settled_refund_that_fails_again_leaves_the_payment_refunded():
    refund = failed(2500)
    payment = refund.payment
    settle(refund)
    for state in (RefundState.DONE, RefundState.FAILED):
        GatewayRefund.objects.update(status=state.value)
        compare(payment)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.REFUNDED
    assert sorted(Refund.objects.values_list("status", flat=True)) == ["cancelled", "settled"]
    deliver_all()
    assert is_sound()


def test_a_settled_refund_is_not_made_by_its_dead_message():
    order = delivered()
    refund = start_refund(order, 700)
    Message.objects.filter(task=REFUND).update(state=State.DEAD)
    settle(refund)
    Message.objects.filter(task=REFUND).update(state=State.PENDING)
    deliver_due()
    assert not GatewayRefund.objects.exists()
    assert is_sound()


@pytest.mark.parametrize("decide", [repeat, settle])
def test_a_refund_that_is_under_way_or_completed_needs_no_decision(decide):
    order = delivered(method="pm_refund_pending")
    refund = start_refund(order, 700)
    for work in (deliver_due, work_off):
        with pytest.raises(RefundUnderWay):
            decide(refund)
        work()
    with pytest.raises(RefundUnderWay, match="This refund is done"):
        decide(refund)


def test_a_refund_that_the_gateway_has_accepted_can_be_followed_again_but_not_settled():
    order = delivered(method="pm_refund_pending")
    refund = start_refund(order, 700)
    deliver_due()
    Message.objects.filter(task=REFUND).delete()
    with pytest.raises(RefundUnderWay):
        settle(refund)
    repeat(refund)
    work_off()
    assert (fresh(refund).status, refunded_at_gateway()) == (RefundStatus.DONE, 700)
    assert is_sound()


@pytest.mark.parametrize("others", [(repeat, repeat), (settle, settle), (repeat, settle)])
def test_of_decisions_at_once_one_counts(others):
    refund = failed()
    outcomes = at_once(*(partial(decide, refund) for decide in others), refusals=(RefundUnderWay,))
    assert outcomes.count(None) == 1
    work_off()
    assert fresh(refund).status in (RefundStatus.DONE, RefundStatus.SETTLED)
    assert refunded_at_gateway() in (0, 700)
    assert is_sound()


@pytest.mark.parametrize("decide", [repeat, settle])
def test_a_decision_and_a_late_success_at_once_pay_once_or_are_reported(decide):
    refund = failed()
    settle_at_gateway(refund, RefundState.DONE)
    at_once(partial(decide, refund), partial(compare, refund.payment), refusals=(RefundUnderWay,))
    deliver_all()
    compare(fresh(refund).payment)
    paid_twice = Refund.objects.filter(duplicates=refund).exists()
    assert list(broken()) == (["no refund is made twice"] if paid_twice else [])
    assert not (paid_twice and decide is repeat)


def url(refund: Refund) -> str:
    return reverse("admin:payments_refund_decide", args=[refund.pk])


def form(decision: str, **changes: Any) -> dict[str, Any]:
    return {"decision": decision, "reason": "he asked for it"} | changes


@pytest.fixture
def operator() -> Client:
    return client_with("refund_payment", "view_refund", "view_payment", "view_order")


@pytest.mark.parametrize(("decision", "text"), [("repeat", "started"), ("settle", "settled")])
def test_an_operator_decides_on_the_refunds_page(operator, decision, text):
    refund = failed()
    assert url(refund) in operator.get(reverse("admin:payments_refund_change", args=[refund.pk])).text
    shown = operator.get(url(refund)).text
    assert "€7.00" in shown
    assert "expired_or_canceled_card" in shown
    for _click in range(2):
        assert f"Refund of €7.00 {text}." in operator.post(url(refund), form(decision), follow=True).text
    assert refund.payment.order.events.filter(kind=f"refund_{text}", data__reason="he asked for it").count() == 1
    other = client_with("refund_payment")
    assert "Nothing was changed." in other.post(url(refund), form(decision)).text
    work_off()
    assert owed_back(refund.payment.order) == 0
    assert "There is nothing to decide" in operator.get(url(refund)).text
    assert "Nothing was changed." in operator.post(url(refund), form(decision, reason="again")).text


def test_the_refunds_page_says_what_happened_with_money_and_a_link_to_its_order(operator):
    refund = failed()
    order = refund.payment.order
    page = " ".join(operator.get(reverse("admin:payments_refund_change", args=[refund.pk])).text.split())
    sentence = f"The refund of <strong>€7.00</strong> for order {order.number} has failed."
    assert sentence in page
    assert sentence in operator.get(url(refund)).text
    assert "€7.00 failed" in page.split("<h2>")[1].split("</h2>")[0]
    assert f'href="{reverse("admin:orders_order_change", args=[order.pk])}">{order.number}</a>' in page
    assert "700 " not in page
    assert "minor units" not in page
    payment = operator.get(reverse("admin:payments_payment_change", args=[refund.payment_id])).text
    assert "minor units" not in payment
    assert payment.split("<h2>")[1].split("</h2>")[0] == f"{display(refund.payment.amount, 'EUR')} captured"


@pytest.mark.parametrize("data", [{}, form("keep"), form("repeat", reason=""), form("settle", reason="x" * 501)])
def test_an_invalid_decision_changes_nothing(operator, data):
    refund = failed()
    assert operator.post(url(refund), data).status_code == 200
    assert fresh(refund).status == RefundStatus.FAILED


def test_a_decision_needs_the_permission():
    refund = failed()
    looker = client_with("view_refund")
    assert url(refund) not in looker.get(reverse("admin:payments_refund_change", args=[refund.pk])).text
    assert looker.get(url(refund)).status_code == 403
    assert looker.post(url(refund), form("settle")).status_code == 403
    assert fresh(refund).status == RefundStatus.FAILED
