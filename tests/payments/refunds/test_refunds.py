"""Refunds: in full and in part, idempotent, never more than was paid, and through the admin form."""

import uuid
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from messaging.invariants import audit
from messaging.models import Message
from orders.models import Order, Status
from orders.services.operators import Trusted
from orders.timeline import describe
from payments.errors import NothingToRefund, RequestReused, TooManyRefunds
from payments.gateways import gateway
from payments.models import GatewayRefund, PaymentStatus, Refund, RefundStatus
from payments.selectors import refundable_amount
from payments.services import refund_order
from shop.demo.seed_logins import create_logins
from shop.models import Product, User
from shop.office.staff import create_groups
from shop.order_pages.services import cancel
from tests.delivery import deliver_all, deliver_due
from tests.factories import place
from tests.payments.outcomes import capture_now
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def paid(*, delivered: bool = False) -> Order:
    order = place()
    if delivered:
        deliver_all()
    else:
        deliver_due(limit=1)
        capture_now(order)
    order.refresh_from_db()
    return order


def start_refund(order: Order, amount: int, *, request_id: uuid.UUID | None = None) -> Refund:
    made = refund_order(
        order=order, amount=amount, request_id=request_id or uuid.uuid4(), by=Trusted("olga"), reason="late"
    )
    assert made is not None
    return made


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def refunded_amounts() -> list[int]:
    return list(GatewayRefund.objects.order_by("pk").values_list("amount", flat=True))


def test_a_partial_refund_leaves_the_order_as_it_is():
    order = paid(delivered=True)
    start_refund(order, 700)
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert refunded_amounts() == [700]
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert refundable_amount(order=order) == order.total - 700
    texts = [describe(event) for event in order.events.filter(kind__contains="refund")]
    assert texts == ["Refund of €7.00 started", "€7.00 refunded"]
    assert audit() == []


def test_partial_refunds_that_add_up_make_the_order_refunded():
    order = paid(delivered=True)
    for part in (700, 800, order.total - 1500):
        start_refund(order, part)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert order.payments.get().status == PaymentStatus.REFUNDED
    assert sum(refunded_amounts()) == order.total
    assert audit() == []


def refund_emails() -> list[str]:
    return sorted(str(email.subject) for email in mail.outbox if "Refund" in str(email.subject))


def test_each_partial_refund_is_emailed_once_with_its_amount_and_what_is_left():
    order = paid(delivered=True)
    start_refund(order, 700)
    deliver_all()
    start_refund(order, 800)
    deliver_all()
    assert refund_emails() == [f"Refund of €{amount} for order {order.number}" for amount in ("7.00", "8.00")]
    bodies = [str(email.body) for email in mail.outbox]
    for refunded, left in (("€7.00", "€18.00"), ("€8.00", "€10.00")):
        rest = f"You paid €25.00 for this order; {left} of it has not been refunded."
        assert any(f"We have refunded {refunded}." in body and rest in body for body in bodies)


def test_the_last_partial_refund_is_emailed_as_a_full_one():
    order = paid(delivered=True)
    start_refund(order, 700)
    start_refund(order, order.total - 700)
    deliver_due(limit=2)  # both refunds are made before any e-mail, because e-mails have a lower priority
    [email] = [m for m in Message.objects.filter(task="orders.send_email") if m.payload["kind"] == "partly_refunded"]
    assert (email.payload["amount"], email.payload["left"]) == (700, 0)
    deliver_all()
    assert refund_emails() == [
        f"Refund for order {order.number}",
        f"Refund of €7.00 for order {order.number}",
    ]
    assert any("The rest of your payment is being refunded, too." in str(email.body) for email in mail.outbox)


def test_a_partial_refund_of_an_imported_order_is_not_emailed():
    order = place(source="import")
    deliver_all()
    order.refresh_from_db()
    start_refund(order, 700)
    deliver_all()
    assert mail.outbox == []


def test_no_more_than_was_paid_is_refunded():
    order = paid(delivered=True)
    start_refund(order, order.total - 100)
    with pytest.raises(NothingToRefund) as error:
        start_refund(order, 101)
    assert error.value.left == 100
    assert Refund.objects.count() == 1


def test_parts_are_bounded_and_the_rest_can_always_be_refunded(monkeypatch):
    monkeypatch.setattr("payments.services.refunds.MOST_PARTS", 3)
    order = paid(delivered=True)
    for _ in range(3):
        start_refund(order, 1)
    with pytest.raises(TooManyRefunds, match="Only all that is left, €24"):
        start_refund(order, 1)
    start_refund(order, order.total - 3)
    deliver_all()
    assert (status(order), Refund.objects.count()) == (Status.REFUNDED, 4)
    assert audit() == []


@pytest.mark.parametrize("amount", [0, -5])
def test_zero_and_negative_amounts_are_refused(amount):
    with pytest.raises(NothingToRefund):
        start_refund(paid(), amount)


def test_an_unpaid_order_has_nothing_to_refund():
    with pytest.raises(NothingToRefund) as error:
        start_refund(place(), 1)
    assert error.value.left == 0


def test_the_same_request_is_one_refund():
    order, request_id = paid(delivered=True), uuid.uuid4()
    assert start_refund(order, 300, request_id=request_id) == start_refund(order, 300, request_id=request_id)
    deliver_all()
    assert refunded_amounts() == [300]
    with pytest.raises(RequestReused):
        start_refund(order, 301, request_id=request_id)


def test_a_full_refund_before_shipping_cancels_the_order_and_releases_its_stock():
    order, request_id = paid(), uuid.uuid4()
    product = Product.objects.get(sku=order.lines.get().sku)
    assert product.stock == 98
    start_refund(order, order.total, request_id=request_id)
    start_refund(order, order.total, request_id=request_id)
    deliver_all()
    product.refresh_from_db()
    assert (status(order), product.stock) == (Status.REFUNDED, 100)
    assert refunded_amounts() == [order.total]
    assert audit() == []


def test_a_full_refund_after_delivery_leaves_the_stock_unchanged():
    order = paid(delivered=True)
    start_refund(order, order.total)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert Product.objects.get(sku=order.lines.get().sku).stock == 98


def test_a_cancellation_after_a_partial_refund_refunds_the_rest():
    order = paid()
    start_refund(order, 400)
    cancel(order=order)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert sorted(refunded_amounts()) == sorted([400, order.total - 400])
    assert audit() == []


def test_concurrent_refunds_never_exceed_what_was_paid():
    order = paid(delivered=True)

    attempts = [partial(start_refund, order, order.total // 2)] * 6
    assert at_once(*attempts, refusals=(NothingToRefund,)).count(None) == 2
    deliver_all()
    assert sum(refunded_amounts()) == order.total
    assert audit() == []


def test_a_refund_that_the_gateway_refuses_needs_an_operator():
    order = paid(delivered=True)
    refund = start_refund(order, 500)
    reference = order.payments.get().gateway_reference

    gateway().refund(idempotency_key="by hand", charge_reference=reference, amount=order.total)
    deliver_due()
    assert "Less than 500 is left to refund" in Message.objects.dead().get().error_message
    refund.refresh_from_db()
    assert refund.status == RefundStatus.PENDING


@pytest.fixture
def operator() -> Client:
    create_groups()
    create_logins()
    client = Client()
    client.force_login(User.objects.get(username="operator"))
    return client


def _form(**changes: Any) -> dict[str, Any]:
    return {"amount": "7.00", "reason": "came late", "request_id": str(uuid.uuid4())} | changes


def test_an_operator_refunds_a_part_from_the_orders_page(operator):
    order = paid(delivered=True)
    url = reverse("admin:payments_payment_refund", args=[order.payments.get().pk])
    assert url in operator.get(reverse("admin:orders_order_change", args=[order.pk])).text
    assert "€25.00" in operator.get(url).text
    response = operator.post(url, form := _form(), follow=True)
    assert "Refund of €7.00 started." in response.text
    operator.post(url, form)
    deliver_all()
    assert refunded_amounts() == [700]
    assert order.events.get(kind="refund_started").data["by"] == "operator"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"amount": "25.01"}, "is left"),
        ({"amount": "1.005"}, "EUR has 2 decimal places"),
        ({"amount": "x"}, "Enter an amount such as 19.90."),
        ({"amount": "-1"}, "Enter an amount such as 19.90."),
        ({"amount": "0,00"}, "Enter an amount above 0."),
        ({"reason": ""}, "required"),
    ],
)
def test_an_invalid_form_shows_its_error_and_refunds_nothing(operator, changes, error):
    order = paid(delivered=True)
    url = reverse("admin:payments_payment_refund", args=[order.payments.get().pk])
    assert error in operator.post(url, _form(**changes)).text
    assert not Refund.objects.exists()


def test_a_refund_is_typed_as_a_price_is(operator):
    order = paid(delivered=True)
    url = reverse("admin:payments_payment_refund", args=[order.payments.get().pk])
    assert 'name="amount" value="25,00"' in operator.get(url, headers={"accept-language": "de"}).text
    assert "Refund of €1.50 started." in operator.post(url, _form(amount="1,50"), follow=True).text


def test_support_may_not_refund_even_by_a_forged_form(operator):
    payment = paid(delivered=True).payments.get()
    operator.force_login(User.objects.get(username="support"))
    url = reverse("admin:payments_payment_refund", args=[payment.pk])
    assert operator.get(url).status_code == 403
    assert operator.post(url, _form()).status_code == 403
    assert not Refund.objects.exists()
