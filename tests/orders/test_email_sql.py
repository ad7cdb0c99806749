"""The statements of an e-mail: an order with what e-mails say about it, and the record that one is sent."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Message
from orders.emails import email_sql
from orders.models import EmailDelivery, Order, OrderEvent
from shop.checkout.services import LineWanted
from tests.factories import ProductFactory, place, place_and_acknowledge

pytestmark = pytest.mark.django_db(transaction=True)


def claimed(message_id: uuid.UUID, order: Order) -> bool:
    return email_sql.claim(message_id=message_id, order_id=order.pk, kind="paid")


def test_an_order_is_read_with_its_lines_in_their_order(django_assert_num_queries):
    skus = [ProductFactory.create(price=price).sku for price in (500, 300, 900)]
    order = place(lines=[LineWanted(sku=sku, quantity=2) for sku in skus])
    with django_assert_num_queries(1):
        read = email_sql.read_order(order_id=order.pk, kind="paid")
    assert [line.total for line in read.lines] == [line.total for line in order.lines.all()]
    for field in ("number", "public_id", "email", "name", "language", "currency", "shipping_price", "total", "status"):
        assert getattr(read, field) == getattr(order, field)
    assert not read.is_anonymised
    assert not read.was_paid
    assert read.data == {}
    amounts = order.amount_lines.values_list("kind", "amount", "rate", "is_included")
    assert [(a.kind, a.amount, a.rate, a.is_included) for a in read.amounts] == list(amounts)


def test_an_order_without_lines_is_read():
    order = place()
    order.lines.all().delete()
    assert email_sql.read_order(order_id=order.pk, kind="paid").lines == []


def test_the_latest_event_of_the_emails_kind_is_read():
    order = place()
    for number, hours in (("old", 2), ("new", 1)):
        at = timezone.now() - timedelta(hours=hours)
        OrderEvent.objects.create(order=order, kind="shipped", data={"tracking_number": number}, at=at)
    OrderEvent.objects.create(order=order, kind="cancelled", data={"reason": "unpaid"})
    assert email_sql.read_order(order_id=order.pk, kind="shipped").data == {"tracking_number": "new"}


def test_an_anonymised_order_says_so():
    order = place()
    Order.objects.filter(pk=order.pk).update(anonymised_at=timezone.now())
    assert email_sql.read_order(order_id=order.pk, kind="paid").is_anonymised


def test_an_order_that_does_not_exist_is_an_error():
    with pytest.raises(Order.DoesNotExist):
        email_sql.read_order(order_id=10**9, kind="paid")


def test_an_email_is_claimed_once():
    order, message_id = place(), uuid.uuid4()
    assert [claimed(message_id, order), claimed(message_id, order)] == [True, False]
    email = EmailDelivery.objects.get(pk=message_id)
    assert (email.order, email.kind, email.state, email.replayed_from, email.sent_at) == (
        order,
        "paid",
        "sending",
        0,
        None,
    )
    assert timezone.now() - email.claimed_at < timedelta(minutes=1)


def test_a_claim_belongs_to_the_operators_latest_retry():
    order = place_and_acknowledge()
    message = Message.objects.get(task="orders.send_email")
    Message.objects.filter(pk=message.pk).update(replayed_from=3, attempts=3)
    assert claimed(message.pk, order)
    assert EmailDelivery.objects.get(pk=message.pk).replayed_from == 3


def test_an_email_is_marked_as_sent_once():
    order, message_id = place(), uuid.uuid4()
    claimed(message_id, order)
    email_sql.mark_sent(message_id=message_id)
    email = EmailDelivery.objects.get(pk=message_id)
    email_sql.mark_sent(message_id=message_id)
    again = EmailDelivery.objects.get(pk=message_id)
    assert email.state == "sent"
    assert again.sent_at == email.sent_at is not None
