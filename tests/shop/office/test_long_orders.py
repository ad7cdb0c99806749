"""Pages of orders with more messages than they show, such as of a parcel tracked for days, and with many lines."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.models import Message, State
from messaging.outbox import transaction
from orders.models import Order, OrderLine
from payments.disputes.selectors import MOST_SHOWN
from payments.models import Payment, Refund
from payments.payloads import ChargePayment, ComparePayment
from payments.selectors import refunds_of
from payments.services import enqueue_comparison
from shipping.payloads import TrackShipment
from shop.office.passport.selectors import MESSAGES_SHOWN, order_records
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
NEEDED = ("view_order", "view_message")


@pytest.fixture
def order() -> Order:
    """Tracked `MESSAGES_SHOWN` times; then a comparison with the gateway died."""
    order = place()
    made = {"task": TrackShipment.task, "queue": "shipping", "subject": order.number, "payload": {}}
    tracked = [Message(correlation_id=uuid.uuid4(), state=State.DONE, **made) for _ in range(MESSAGES_SHOWN)]
    Message.objects.bulk_create(tracked)
    with transaction():
        enqueue_comparison(key=order.payments.get().pk, reference="", number=order.number)
    dead = {"state": State.DEAD, "finished_at": timezone.now(), "error_type": "RequestRefused"}
    Message.objects.filter(task=ComparePayment.task).update(**dead)
    return order


def test_the_passport_shows_what_is_unfinished_and_the_newest_of_each_task(order: Order):
    found = order_records(order_id=order.pk).messages
    assert len(found) == MESSAGES_SHOWN
    assert {ChargePayment.task, TrackShipment.task, ComparePayment.task} == {message.task for message in found}
    assert found == sorted(found, key=lambda message: message.pk)
    tracked = Message.objects.filter(task=TrackShipment.task)
    assert tracked.latest("id") in found
    assert tracked.earliest("id") not in found


def test_the_passport_says_that_it_does_not_show_all(order: Order):
    path, note = "/admin/orders/order/{}/passport/", f"Only {MESSAGES_SHOWN} messages are shown"
    assert note in client_with(*NEEDED).get(path.format(order.pk)).text
    assert note not in client_with(*NEEDED).get(path.format(place().pk)).text


def test_the_order_page_shows_a_dead_letter_first(order: Order):
    page = client_with(*NEEDED).get(reverse("admin:orders_order_change", args=[order.pk])).text
    assert page.index(ComparePayment.task) < page.index(ChargePayment.task)


def test_many_refunds_do_not_hide_one_that_failed_or_the_newest(order: Order):
    def refunds(status: str, count: int) -> list[Refund]:
        made = (Refund(payment=payment, amount=1, status=status) for _ in range(count))
        return Refund.objects.bulk_create(made)

    payment = order.payments.get()
    (oldest,), (failed,) = refunds("done", 1), refunds("failed", 1)
    refunds("done", MOST_SHOWN - 2)
    (newest,) = refunds("done", 1)
    found = refunds_of(order=order)
    assert (len(found), found[0], found[-1]) == (MOST_SHOWN, failed, newest)
    assert oldest not in found


def test_an_order_s_page_costs_the_same_however_many_lines_and_payments_it_has(order: Order):
    client = client_with(*NEEDED, "view_orderline", "view_amountline", "view_payment")
    path = reverse("admin:orders_order_change", args=[order.pk])
    before = statements(client, path)
    line, payment = order.lines.get(), order.payments.get()
    OrderLine.objects.bulk_create(
        OrderLine(order=order, sku=f"{n}", name="Lamp", quantity=1, unit_price=line.unit_price) for n in range(30)
    )
    values = {"order": order, "amount": 1, "currency": payment.currency, "method": payment.method, "status": "failed"}
    Payment.objects.bulk_create(Payment(id=uuid.uuid4(), **values) for _ in range(30))
    assert statements(client, path) == before


def test_a_payment_s_page_costs_the_same_however_many_refunds_it_has(order: Order):
    client, payment = client_with("view_payment", "view_refund"), order.payments.get()
    path = reverse("admin:payments_payment_change", args=[payment.pk])
    Refund.objects.create(payment=payment, amount=1)
    before = statements(client, path)
    Refund.objects.bulk_create(Refund(payment=payment, amount=1) for _ in range(30))
    assert statements(client, path) == before


def statements(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as made:
        assert client.get(path).status_code == 200
    return len(made)
