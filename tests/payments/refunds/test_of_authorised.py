"""Refunds of payments that are only authorised: the whole cancels the order and voids it, a part waits."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.actions import discard
from messaging.operations.permissions import Actor
from orders.models import Order, Status
from orders.services.operators import Trusted
from payments import selectors, services
from payments.errors import NotCaptured, NothingToRefund
from payments.models import GatewayCharge, PaymentStatus, Refund
from payments.signals import refund_returned
from shop.models import User
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import place
from tests.payments.outcomes import CAPTURE, CHARGE, is_sound, status

pytestmark = pytest.mark.django_db(transaction=True)


def authorised_order() -> Order:
    order = place()
    deliver(claim_task(task=CHARGE))
    return Order.objects.get(pk=order.pk)


def refund(order: Order, amount: int, *, request_id: uuid.UUID | None = None) -> Refund | None:
    request_id = request_id or uuid.uuid4()
    return services.refund_order(order=order, amount=amount, request_id=request_id, by=Trusted("olga"), reason="late")


def test_the_whole_is_released_and_the_order_cancelled():
    order, request_id = authorised_order(), uuid.uuid4()
    assert selectors.refundable_amount(order=order) == order.total
    for _ in range(2):
        assert refund(order, order.total, request_id=request_id) is None
    assert status(order) == Status.CANCELLED
    deliver_due()
    assert order.payments.get().status == PaymentStatus.CANCELLED
    assert GatewayCharge.objects.get().state == GatewayCharge.State.VOIDED
    assert not Refund.objects.exists()
    assert is_sound()


def test_a_part_is_refused_until_it_is_captured():
    order = authorised_order()
    with pytest.raises(NotCaptured, match="can be refunded only as a whole, which cancels the order"):
        refund(order, 700)
    with pytest.raises(NothingToRefund):
        refund(order, order.total + 1)
    deliver(claim_task(task="shipping.create_shipment"))
    with pytest.raises(NotCaptured, match="is being captured"):
        refund(order, order.total)
    assert deliver(claim_task(task=CAPTURE)) == State.DONE
    assert refund(order, 700) is not None
    deliver_due()
    assert is_sound()


def test_what_was_never_captured_has_nothing_to_refund():
    order = authorised_order()
    deliver(claim_task(task="shipping.create_shipment"))
    GatewayCharge.objects.update(state=GatewayCharge.State.VOIDED)
    message = claim_task(task=CAPTURE)
    assert deliver(message) == State.DEAD
    with pytest.raises(NotCaptured, match="was never captured: its authorisation was lost"):
        refund(order, order.total)
    discard(ids=[message.pk], actor=Actor.system("olga"), reason="settled")
    with pytest.raises(NotCaptured, match="There is nothing to refund"):
        refund(order, order.total)


def test_a_capture_that_failed_otherwise_is_to_be_retried_first():
    order = authorised_order()
    deliver(claim_task(task="shipping.create_shipment"))
    Message.objects.filter(task=CAPTURE).update(
        state=State.DEAD, error_type="payments.gateways.base.GatewayUnavailable", finished_at=timezone.now()
    )
    with pytest.raises(NotCaptured, match=r"that task has failed\. Retry it"):
        refund(order, order.total)


def test_a_refund_that_is_made_is_announced():
    order = place()
    deliver_all()
    seen: list[tuple[int, str]] = []

    def remember(*, refund: Refund, **kwargs: object) -> None:
        seen.append((refund.amount, refund.payment.order.number))

    refund_returned.connect(remember)
    refund(order, 700)
    deliver_due()
    refund_returned.disconnect(remember)
    assert seen == [(700, order.number)]


def test_the_refund_page_says_that_the_money_is_only_reserved():
    order = authorised_order()
    client = Client()
    client.force_login(User.objects.create_superuser("olga", "olga@example.com", "olga"))
    url = reverse("admin:payments_payment_refund", args=[order.payments.get().pk])
    assert url in client.get(reverse("admin:orders_order_change", args=[order.pk])).text
    assert "The money is only reserved" in client.get(url).text
    form = {"amount": "7.00", "reason": "late", "request_id": str(uuid.uuid4())}
    assert "only as a whole" in client.post(url, form).text
    response = client.post(url, form | {"amount": "25.00"}, follow=True)
    assert "Its payment was only authorised, and is released." in response.text
    assert status(order) == Status.CANCELLED
