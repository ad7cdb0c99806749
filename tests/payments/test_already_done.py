"""Dead payment messages count as done exactly if the shop's own record says so."""

import uuid

import pytest

from messaging.hooks import already_done
from payments.models import Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ChargePayment, RefundPayment
from tests.factories import place

pytestmark = pytest.mark.django_db


def reasons(*payloads) -> list[str | None]:
    by_id = {uuid.uuid4(): payload for payload in payloads}
    done = already_done.done_already({payloads[0].task: by_id})
    return [done.get(id_) for id_ in by_id]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (PaymentStatus.PENDING, None),
        (PaymentStatus.CANCELLED, None),
        (PaymentStatus.CAPTURED, "the payment is captured"),
        (PaymentStatus.FAILED, "the payment is failed"),
        (PaymentStatus.REFUNDED, "the payment is refunded"),
    ],
)
def test_a_charge_is_done_once_the_answer_is_recorded(status, text):
    payment = Payment.objects.get(order=place())
    Payment.objects.filter(pk=payment.pk).update(status=status)
    assert reasons(ChargePayment(payment_id=payment.pk), ChargePayment(payment_id=uuid.uuid4())) == [text, None]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (RefundStatus.PENDING, None),
        (RefundStatus.DONE, "the refund is completed"),
        (RefundStatus.FAILED, "the refund is failed"),
        (RefundStatus.SETTLED, "the refund is settled by hand"),
        (RefundStatus.CANCELLED, "the refund is cancelled"),
    ],
)
def test_a_refund_is_done_once_no_task_will_make_it(status, text):
    refund = Refund.objects.create(payment=Payment.objects.get(order=place()), amount=5, status=status)
    assert reasons(RefundPayment(refund_id=refund.pk), RefundPayment(refund_id=uuid.uuid4())) == [text, None]


def test_a_thousand_charges_are_looked_up_by_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        reasons(*(ChargePayment(payment_id=uuid.uuid4()) for _ in range(1000)))
