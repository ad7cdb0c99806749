"""Outcomes of refunds: lost replies, forgotten keys, pending and failing refunds, and those from outside."""

from functools import partial

import pytest

from messaging import outbox
from messaging.models import Message, State
from orders.models import Order, Status
from orders.timeline import describe
from payments import reconciliation, selectors
from payments.gateways import RefundState
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayRefund, PaymentStatus, Refund, RefundSource, RefundStatus
from payments.services import record_refund
from shop.models import Product
from shop.order_pages.services import cancel
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.factories import place
from tests.payments.outcomes import CHARGE, REFUND, Interrupted, capture_now, is_sound, reconcile, status
from tests.payments.refunds.refunding import (
    RepliesLost,
    compare,
    delivered,
    failed,
    fresh,
    owed_back,
    refund_outside,
    refunded_at_gateway,
    retry_dead,
    settle_at_gateway,
    start_refund,
    work_off,
)
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WITHOUT_MESSAGE = "every pending refund has a message that will complete it"
FAILED = "every refund that failed has been repeated or settled"


def die_of_lost_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("payments.services.refunds.gateway", lambda **of: RepliesLost())
        message = claim_task(task=REFUND)
        while deliver(message) == State.PENDING:
            message = claim_task(task=REFUND)
    assert message.state == State.DEAD


@pytest.mark.parametrize("share", [0.25, 1])
def test_a_refund_whose_reply_was_lost_is_made_once_though_the_gateway_forgot_its_key(monkeypatch, share):
    order = delivered()
    amount = int(order.total * share)
    refund = start_refund(order, amount)
    die_of_lost_replies(monkeypatch)
    GatewayRefund.objects.update(is_forgotten=True)
    assert list(broken()) == [WITHOUT_MESSAGE]
    retry_dead()
    assert refunded_at_gateway() == amount
    assert fresh(refund).status == RefundStatus.DONE
    assert status(order) == (Status.REFUNDED if share == 1 else Status.DELIVERED)
    assert is_sound()


@pytest.mark.parametrize("state", [State.DEAD, State.DISCARDED, None])
def test_a_pending_refund_that_no_live_message_will_complete_breaks_the_audit(state):
    order = delivered()
    lost, _live = start_refund(order, 700), start_refund(order, 800)
    message = Message.objects.get(task=REFUND, payload__refund_id=str(lost.pk))
    _ = Message.objects.filter(pk=message.pk).update(state=state) if state else message.delete()
    found = broken()
    assert found[WITHOUT_MESSAGE] == f"Order {order.number} is owed a refund of 700, and no live message will make it."
    assert owed_back(order) == 1500


def test_a_pending_refund_is_done_only_once_the_gateway_says_so():
    order = delivered(method="pm_refund_pending")
    refund = start_refund(order, order.total)
    deliver_due()
    assert (fresh(refund).status, status(order)) == (RefundStatus.PENDING, Status.DELIVERED)
    assert owed_back(order) == order.total
    assert selectors.refundable_amount(order=order) == 0
    assert is_sound()
    work_off()
    assert (fresh(refund).status, status(order)) == (RefundStatus.DONE, Status.REFUNDED)
    assert owed_back(order) == 0
    assert GatewayRefund.objects.count() == 1
    assert is_sound()


def test_a_pending_refund_is_looked_up_less_and_less_often_and_by_one_message():
    order = delivered(method="pm_refund_pending")
    refund = start_refund(order, 500)
    deliver_due()
    first = Message.objects.get(task=REFUND, state=State.PENDING)
    assert 590 < (first.available_at - refund.created_at).total_seconds() < 660
    Refund.objects.update(created_at="2026-01-01T00:00Z")
    GatewayRefund.objects.update(looks=0)
    compare(refund.payment)
    assert Message.objects.filter(task=REFUND, state=State.PENDING).count() == 1
    Message.objects.filter(pk=first.pk).delete()
    GatewayRefund.objects.update(looks=0)
    compare(refund.payment)
    later = Message.objects.get(task=REFUND, state=State.PENDING)
    assert 86_000 < (later.available_at - later.created_at).total_seconds() <= 86_401


def test_a_refund_that_fails_is_owed_until_an_operator_decides():
    refund = failed(700)
    order = refund.payment.order
    assert (refund.status, refund.failure_code) == (RefundStatus.FAILED, "expired_or_canceled_card")
    assert owed_back(order) == 700
    assert selectors.refundable_amount(order=order) == order.total - 700
    assert broken() == {
        FAILED: f"Order {order.number} is owed a refund of 700, which failed (expired_or_canceled_card)."
    }
    assert describe(order.events.latest("at")) == "The bank could not make the refund. Our team is looking into it"


def test_a_refund_that_fails_after_it_was_done_is_owed_again():
    order = delivered()
    refund = start_refund(order, order.total)
    deliver_all()
    assert status(order) == Status.REFUNDED
    settle_at_gateway(refund, RefundState.FAILED)
    assert compare(fresh(refund).payment) == State.DONE
    assert fresh(refund).status == RefundStatus.FAILED
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert owed_back(order) == order.total
    assert list(broken()) == [FAILED]


def test_an_answer_from_before_a_change_changes_nothing_and_the_gateway_is_asked_again():
    refund = failed()
    payment = refund.payment
    stale = SimulatedGateway().refunds(charge_reference=payment.gateway_reference)[0]
    asked = fresh(refund)
    Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.PENDING, repeats=1, gateway_reference="")
    asked.status = RefundStatus.PENDING
    record_refund(refund=asked, record=stale)
    assert fresh(refund).status == RefundStatus.PENDING
    assert Message.objects.filter(task="payments.compare_payment", state=State.PENDING).count() == 1


def test_a_late_success_of_a_failed_refund_is_recorded():
    refund = failed()
    settle_at_gateway(refund, RefundState.DONE)
    assert compare(refund.payment) == State.DONE
    assert fresh(refund).status == RefundStatus.DONE
    assert is_sound()


@pytest.mark.parametrize("amount", [700, 2500])
def test_a_refund_from_outside_is_adopted(amount):
    order = delivered()
    made = refund_outside(order.payments.get(), amount)
    for _ in range(2):
        assert compare(order.payments.get()) == State.DONE
    refund = Refund.objects.get()
    assert (refund.source, refund.status, refund.amount) == (RefundSource.GATEWAY, RefundStatus.DONE, amount)
    assert refund.gateway_reference == made.reference
    assert status(order) == (Status.REFUNDED if amount == order.total else Status.DELIVERED)
    deliver_all()
    assert is_sound()


def test_a_full_refund_from_outside_cancels_an_order_that_has_not_shipped_and_releases_its_stock():
    order = place()
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    refund_outside(order.payments.get(), order.total)
    compare(order.payments.get())
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert Product.objects.get(sku=order.lines.get().sku).stock == 100
    assert refunded_at_gateway() == order.total
    assert is_sound()


def test_a_pending_refund_from_outside_is_followed_until_it_is_settled():
    order = delivered(method="pm_refund_pending")
    refund_outside(order.payments.get(), 700)
    compare(order.payments.get())
    assert Refund.objects.get().status == RefundStatus.PENDING
    assert is_sound()
    work_off()
    assert Refund.objects.get().status == RefundStatus.DONE
    assert refunded_at_gateway() == 700
    assert is_sound()


def test_a_refund_from_outside_takes_the_place_of_a_failed_one_of_the_same_amount():
    refund = failed(700)
    GatewayRefund.objects.update(idempotency_key="", repeat=0)
    refund_outside(refund.payment, 700)
    GatewayRefund.objects.update(looks=9, status="done")
    GatewayRefund.objects.filter(reference=refund.gateway_reference).update(status="failed")
    compare(refund.payment)
    refund = Refund.objects.get()
    assert (refund.status, refund.source) == (RefundStatus.DONE, RefundSource.GATEWAY)
    assert refunded_at_gateway() == 700
    assert is_sound()


def test_a_refund_from_outside_leaves_a_cancelled_order_only_its_rest_to_be_refunded():
    order = place()
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    refund_outside(order.payments.get(), 700)
    cancel(order=order)
    owed = Refund.objects.get()
    compare(order.payments.get())
    assert fresh(owed).status == RefundStatus.CANCELLED
    assert is_sound()
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert refunded_at_gateway() == order.total
    assert not Message.objects.dead().exists()
    assert is_sound()


def test_a_refund_that_no_longer_fits_is_cancelled():
    order = delivered()
    refund = start_refund(order, order.total)
    refund_outside(order.payments.get(), 1)
    deliver_due()
    assert Message.objects.dead().get(task=REFUND).error_message.startswith("Less than 2500 is left")
    compare(order.payments.get())
    assert fresh(refund).status == RefundStatus.CANCELLED
    retry_dead()
    assert refunded_at_gateway() == 1
    assert is_sound()


def test_the_gateways_refund_of_what_the_shop_has_is_reported_when_made_twice():
    order = delivered()
    refund = start_refund(order, 700)
    deliver_all()
    GatewayRefund.objects.update(is_forgotten=True)
    reference = order.payments.get().gateway_reference
    SimulatedGateway().refund(idempotency_key=str(refund.pk), charge_reference=reference, amount=700)
    compare(order.payments.get())
    assert sorted(Refund.objects.values_list("amount", "source")) == [(700, "gateway"), (700, "shop")]
    assert list(broken()) == ["no refund is made twice"]
    assert selectors.refunded_amount(payment=order.payments.get()) == refunded_at_gateway() == 1400


def test_a_refund_settled_by_a_comparison_while_its_task_runs_is_recorded_once(monkeypatch):
    order = delivered()
    refund = start_refund(order, 700)
    message = claim_task(task=REFUND)
    interrupted = Interrupted(then=lambda: compare(order.payments.get()))
    monkeypatch.setattr("payments.services.refunds.gateway", lambda **of: interrupted)
    assert deliver(message) == State.DONE
    assert fresh(refund).status == RefundStatus.DONE
    assert order.events.filter(kind="partly_refunded").count() == 1
    monkeypatch.undo()
    deliver_all()
    assert is_sound()


def test_comparisons_at_once_adopt_a_refund_once():
    order = delivered()
    payment = order.payments.get()
    refund_outside(payment, 700)

    def reconcile_payment() -> None:
        found = reconciliation.ask_gateway(key=payment.pk)
        reconciliation.reconcile_payment(key=payment.pk, found=found)

    at_once(*[partial(_in_transaction, reconcile_payment)] * 4)
    assert Refund.objects.get().amount == 700
    assert is_sound()


def _in_transaction(work) -> None:
    with outbox.transaction():
        work()


def test_the_money_of_a_cancelled_order_adds_up_to_the_last_cent():
    order = place()
    deliver(claim_task(task=CHARGE))
    capture_now(order)
    cancel(order=Order.objects.get(pk=order.pk))
    Refund.objects.update(amount=order.total - 1)
    assert order.number in broken()["an order's money, reserved or captured, less refunds is its total, or nothing"]


def test_the_periodic_run_finds_a_refund_from_outside():
    order = delivered()
    refund_outside(order.payments.get(), 700)
    reconcile()
    assert Refund.objects.get().status == RefundStatus.DONE
    assert reconcile() == []
    assert make_due(task=REFUND) == 0
