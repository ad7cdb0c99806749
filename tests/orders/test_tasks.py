"""Order tasks: e-mails, and the cancellation of unpaid orders."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from orders.models import Order, Status
from orders.receivers import record_failed_attempt
from orders.timeline import describe, needs_attention
from shop.order_pages.services import cancel, pay_again
from tests.clocks import travel
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.factories import place, place_and_acknowledge
from tests.payments.outcomes import capture_now

pytestmark = pytest.mark.django_db(transaction=True)


class UnreachableBackend(EmailBackend):
    def open(self) -> bool:
        raise smtplib.SMTPConnectError(421, b"try again later")


def subjects() -> list[str]:
    return [str(email.subject) for email in mail.outbox]


def test_the_customer_gets_an_email_at_each_step():
    order = place()
    deliver_all()
    assert sorted(subjects()) == sorted(
        [
            f"Payment approved for order {order.number}",
            f"Order {order.number} is on its way",
        ]
    )
    assert {tuple(email.to) for email in mail.outbox} == {(order.email,)}


def test_an_email_has_the_items_the_price_and_a_link():
    order = place_and_acknowledge(name="Zoë & Co <b>", shipping_method="express")
    deliver(claim_task(task="orders.send_email"))
    [email] = mail.outbox
    body = str(email.body)
    assert "Hello Zoë & Co <b>," in body
    assert "€25.00" in body
    assert "Express shipping  €9.90" in body
    assert "Total  €34.90" in body
    assert f"/orders/{order.public_id}/" in body


@pytest.mark.parametrize(
    ("payment_method", "kind", "words"),
    [
        ("pm_card_declined", "payment_failed", "pay with another method"),
        ("pm_card_visa", "shipped", "tracking number SP"),
    ],
)
def test_emails_about_a_declined_card_and_a_shipped_parcel(payment_method: str, kind: str, words: str):
    order = place(payment_method=payment_method)
    deliver_due()
    bodies = [str(email.body) for email in mail.outbox]
    assert any(words in body for body in bodies), bodies
    assert Message.objects.filter(task="orders.send_email", payload__kind=kind, subject=order.number).exists()


def test_cancellation_and_refund_are_emailed():
    order = place(city="Nowhere")
    deliver_due()
    capture_now(order)
    order.refresh_from_db()
    cancel(order=order)
    deliver_due()
    assert f"Order {order.number} has been cancelled" in subjects()
    assert f"Refund for order {order.number}" in subjects()


def test_an_email_has_its_messages_id():
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    deliver(message)
    assert [e.extra_headers["Message-ID"] for e in mail.outbox] == [f"<{message.pk}@conveyor.example>"]


def test_an_unreachable_mail_server_is_retried(settings: Any):
    order = place_and_acknowledge()
    settings.EMAIL_BACKEND = f"{__name__}.UnreachableBackend"
    message = claim_task(task="orders.send_email")
    assert deliver(message) == State.PENDING
    event = order.events.get(kind="attempt_failed")
    assert (event.data["step"], event.data["attempt"]) == ("notification", 1)


def test_imported_orders_get_no_emails():
    place(source="import")
    deliver_all()
    assert mail.outbox == []


def test_an_unpaid_order_is_cancelled_at_its_deadline(settings: Any):
    order = place(payment_method="pm_card_declined")
    deliver_due()
    message = Message.objects.get(task="orders.cancel_unpaid")
    assert 0 <= settings.CONVEYOR_UNPAID_SECONDS - (message.available_at - timezone.now()).total_seconds() < 60
    make_due(pk=message.pk)
    with travel(message.available_at + timedelta(seconds=1), tick=False):
        deliver_due()
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert order.events.get(kind="cancelled").data == {"reason": "unpaid"}


def test_a_second_failed_payment_restarts_the_period():
    order = place(payment_method="pm_card_declined")
    deliver_due()
    first = Message.objects.get(task="orders.cancel_unpaid")
    with travel(first.available_at - timedelta(seconds=60), tick=False):
        pay_again(order=order, payment_method="pm_card_declined")
        deliver_due()
    last = Message.objects.filter(task="orders.cancel_unpaid", state=State.PENDING).latest("pk")
    make_due(pk=first.pk)
    with travel(first.available_at + timedelta(seconds=1), tick=False):
        deliver_due()
        order.refresh_from_db()
        assert order.status == Status.PAYMENT_FAILED
    make_due(pk=last.pk)
    with travel(first.available_at + (last.available_at - last.created_at), tick=False):
        deliver_due()
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert not Message.objects.dead().exists()


def test_an_order_that_was_paid_after_all_is_not_cancelled():
    order = place(payment_method="pm_card_declined")
    deliver_due()
    pay_again(order=order, payment_method="pm_card_visa")
    message = Message.objects.get(task="orders.cancel_unpaid")
    make_due(pk=message.pk)
    with travel(message.available_at + timedelta(seconds=1), tick=False):
        deliver_due()
    order.refresh_from_db()
    assert order.status not in (Status.CANCELLED, Status.PAYMENT_FAILED)


def test_paying_again_wins_over_a_concurrent_cancellation(monkeypatch: pytest.MonkeyPatch):
    order = place(payment_method="pm_card_declined")
    deliver_due()

    def pay_first(**kwargs: Any) -> float:
        pay_again(order=Order.objects.get(), payment_method="pm_card_visa")
        return -1.0

    monkeypatch.setattr("orders.selectors.seconds_until_payment_deadline", pay_first)
    assert deliver(claim_task(task="orders.cancel_unpaid")) == State.DONE
    order.refresh_from_db()
    assert order.status == Status.PLACED


def test_an_operators_retry_is_on_the_timeline():
    order = place(payment_method="pm_bug")
    deliver_due()
    assert needs_attention(order.events.all())
    dead = Message.objects.get(state=State.DEAD)
    retry(ids=[dead.pk], actor=Actor.system("ann"))
    assert not needs_attention(order.events.all())
    assert describe(order.events.last()) == "Our team has retried this step"


def test_a_failed_attempt_of_an_unrelated_message_leaves_no_event():
    message = Message(task="other.task", subject="not an order", routing_key="other.task.low")
    record_failed_attempt(message=message, error_type="E", attempt=1, of=5, retry_at=None)
    message.subject = ""
    record_failed_attempt(message=message, error_type="E", attempt=1, of=5, retry_at=None)
    assert not Order.objects.exists()
