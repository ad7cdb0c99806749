"""Is money given back whole or in part, once each, and never more than came?"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from messaging.invariants import audit
from messaging.models import Message
from orders.models import Order, Status
from orders.selectors import describe
from payments.errors import NothingToRefund, RequestReused
from payments.gateways import gateway
from payments.models import GatewayRefund, PaymentStatus, Refund, RefundStatus
from payments.selectors import left_to_give_back
from payments.services import give_back
from shop.demo.seed_logins import create_groups, create_logins
from shop.models import Product, User
from shop.order_pages.services import cancel
from tests.delivery import deliver_all, deliver_due
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)


def paid(*, delivered: bool = False) -> Order:
    order = place()
    _ = deliver_all() if delivered else deliver_due(limit=1)
    order.refresh_from_db()
    return order


def back(order: Order, amount: int, *, request_id: uuid.UUID | None = None) -> Refund:
    return give_back(order=order, amount=amount, request_id=request_id or uuid.uuid4(), by="olga", reason="late")


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def given() -> list[int]:
    return list(GatewayRefund.objects.order_by("pk").values_list("amount", flat=True))


def test_a_part_is_given_back_and_the_order_stays_as_it_is():
    order = paid(delivered=True)
    back(order, 700)
    deliver_all()
    assert status(order) == Status.DELIVERED
    assert given() == [700]
    assert order.payments.get().status == PaymentStatus.CAPTURED
    assert left_to_give_back(order=order) == order.total - 700
    texts = [describe(event) for event in order.events.filter(kind__contains="refund")]
    assert texts == ["€7.00 is on its way back to you", "€7.00 given back"]
    assert audit() == []


def test_parts_that_add_up_to_all_of_it_make_the_order_refunded():
    order = paid(delivered=True)
    for part in (700, 800, order.total - 1500):
        back(order, part)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert order.payments.get().status == PaymentStatus.REFUNDED
    assert sum(given()) == order.total
    assert audit() == []


def told_of_money() -> list[str]:
    return sorted(str(email.subject) for email in mail.outbox if "given back" in str(email.subject))


def test_the_shopper_is_told_of_each_part_once_with_its_own_amount_and_what_stays_paid():
    order = paid(delivered=True)
    back(order, 700)
    deliver_all()
    back(order, 800)
    deliver_all()
    assert told_of_money() == [f"€{amount} given back for order {order.number}" for amount in ("7.00", "8.00")]
    bodies = [str(email.body) for email in mail.outbox]
    assert any("€7.00 back" in body and "Of the €25.00 that you paid, €18.00 stay paid." in body for body in bodies)
    assert any("€8.00 back" in body and "Of the €25.00 that you paid, €10.00 stay paid." in body for body in bodies)


def test_the_last_part_is_told_as_all_of_it_and_no_part_as_such():
    order = paid(delivered=True)
    back(order, 700)
    back(order, order.total - 700)
    deliver_due(limit=2)  # both refunds are made before any e-mail, since those are less urgent
    [email] = [m for m in Message.objects.filter(task="orders.send_email") if m.payload["kind"] == "partly_refunded"]
    assert (email.payload["amount"], email.payload["left"]) == (700, 0)
    deliver_all()
    assert told_of_money() == [
        f"Money given back for order {order.number}",
        f"€7.00 given back for order {order.number}",
    ]
    assert any("The rest of what you paid is on its way back, too." in str(email.body) for email in mail.outbox)


def test_an_import_is_not_told_of_a_part():
    order = place(source="import")
    deliver_all()
    order.refresh_from_db()
    back(order, 700)
    deliver_all()
    assert mail.outbox == []


def test_more_than_was_paid_is_never_given_back():
    order = paid(delivered=True)
    back(order, order.total - 100)
    with pytest.raises(NothingToRefund) as refused:
        back(order, 101)
    assert refused.value.left == 100
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_and_less_than_nothing_cannot_be_given_back(amount):
    with pytest.raises(NothingToRefund):
        back(paid(), amount)


def test_an_order_that_is_not_paid_has_nothing_to_give_back():
    with pytest.raises(NothingToRefund) as refused:
        back(place(), 1)
    assert refused.value.left == 0


def test_the_same_request_is_one_refund():
    order, request_id = paid(delivered=True), uuid.uuid4()
    assert back(order, 300, request_id=request_id) == back(order, 300, request_id=request_id)
    deliver_all()
    assert given() == [300]
    with pytest.raises(RequestReused):
        back(order, 301, request_id=request_id)


def test_all_of_an_order_that_has_not_left_cancels_it_and_its_goods_go_back_on_the_shelf():
    order, request_id = paid(), uuid.uuid4()
    product = Product.objects.get(sku=order.lines.get().sku)
    assert product.stock == 98
    back(order, order.total, request_id=request_id)
    back(order, order.total, request_id=request_id)
    deliver_all()
    product.refresh_from_db()
    assert (status(order), product.stock) == (Status.REFUNDED, 100)
    assert given() == [order.total]
    assert audit() == []


def test_all_of_an_order_that_was_delivered_leaves_the_stock_alone():
    order = paid(delivered=True)
    back(order, order.total)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert Product.objects.get(sku=order.lines.get().sku).stock == 98


def test_a_cancellation_after_a_part_gives_back_the_rest_only():
    order = paid()
    back(order, 400)
    cancel(order=order)
    deliver_all()
    assert status(order) == Status.REFUNDED
    assert sorted(given()) == sorted([400, order.total - 400])
    assert audit() == []


def test_refunds_at_the_same_time_never_exceed_what_was_paid():
    order = paid(delivered=True)

    def ask(_n: int) -> bool:
        try:
            back(order, order.total // 2)
        except NothingToRefund:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, range(6))) == [False] * 4 + [True] * 2
    deliver_all()
    assert sum(given()) == order.total
    assert audit() == []


def test_what_the_gateway_refuses_to_give_back_waits_for_a_person():
    order = paid(delivered=True)
    refund = back(order, 500)
    reference = order.payments.get().gateway_reference

    gateway().refund(idempotency_key="by hand", charge_reference=reference, amount=order.total)
    deliver_due()
    assert "no 500 left" in Message.objects.dead().get().error_message
    refund.refresh_from_db()
    assert refund.status == RefundStatus.PENDING


@pytest.fixture
def office() -> Client:
    create_groups()
    create_logins()
    client = Client()
    client.force_login(User.objects.get(username="operator"))
    return client


def _form(**changes: Any) -> dict[str, Any]:
    return {"amount": "7.00", "reason": "came late", "request_id": str(uuid.uuid4())} | changes


def test_the_office_gives_back_a_part_from_the_orders_page(office):
    order = paid(delivered=True)
    url = reverse("admin:payments_payment_give_back", args=[order.payments.get().pk])
    assert url in office.get(reverse("admin:orders_order_change", args=[order.pk])).text
    assert "€25.00" in office.get(url).text
    answer = office.post(url, form := _form(), follow=True)
    assert "€7.00 is on its way back." in answer.text
    office.post(url, form)
    deliver_all()
    assert given() == [700]
    assert order.events.get(kind="refund_started").data["by"] == "operator"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"amount": "25.01"}, "is left"),
        ({"amount": "1.005"}, "small part"),
        ({"amount": "x"}, "Enter a number"),
        ({"reason": ""}, "required"),
    ],
)
def test_a_form_that_does_not_fit_is_told_so_and_gives_nothing_back(office, changes, told):
    order = paid(delivered=True)
    url = reverse("admin:payments_payment_give_back", args=[order.payments.get().pk])
    assert told in office.post(url, _form(**changes)).text
    assert not Refund.objects.exists()


def test_support_may_not_give_back_even_by_a_forged_form(office):
    payment = paid(delivered=True).payments.get()
    office.force_login(User.objects.get(username="support"))
    url = reverse("admin:payments_payment_give_back", args=[payment.pk])
    assert office.get(url).status_code == 403
    assert office.post(url, _form()).status_code == 403
    assert not Refund.objects.exists()
