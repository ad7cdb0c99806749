"""E-mails about returns and the label they carry: sent once, in the order's language, whatever the carrier does."""

import io
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from django.core import mail
from django.utils import timezone
from pypdf import PdfReader

from messaging.models import Message, State
from messaging.outbox import transaction
from orders.services import anonymise_orders
from shipping.carriers import CarrierUnavailable
from shipping.carriers.simulated import SimulatedCarrier
from shipping.models import CarrierParcel
from shop.models import Return, ReturnLabel
from shop.returns import labels, services
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all
from tests.shop.returns.returned import delivered, receive, requested

pytestmark = pytest.mark.django_db(transaction=True)


def sent(found: Return, *, about: str) -> Any:
    """The last e-mail whose subject has these words."""
    deliver_all()
    return [each for each in mail.outbox if about in each.subject and found.order.number in each.subject][-1]


def text_of(pdf: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def test_a_label_is_e_mailed_with_its_tracking_number():
    found = requested(delivered())
    email = sent(found, about="How to send back")
    found.refresh_from_db()
    parcel = CarrierParcel.objects.get(is_return=True)
    assert (found.carrier, found.tracking_number) == (parcel.carrier, parcel.tracking_number)
    assert f"hand it to Swiftpost. Its tracking number is {parcel.tracking_number}." in email.body
    [(name, pdf, kind)] = email.attachments
    assert (name, kind) == (f"return-{found.number}.pdf", "application/pdf")
    for words in ("RETURN", "Ada Lovelace", "Bern", "1 Belt Street", found.number, parcel.tracking_number):
        assert words in text_of(pdf), words
    assert email.message().get_content_type() == "multipart/mixed"
    assert not broken()


def test_the_e_mail_is_in_the_orders_language():
    found = requested(delivered(language="de"))
    assert 'lang="de"' in sent(found, about="").alternatives[0][0]


def test_a_carrier_that_does_not_answer_is_asked_again_and_books_once():
    order = delivered()
    order.city = "Flakytown"
    order.save()
    found = requested(order)
    states = []
    for _ in range(3):
        Message.objects.filter(state=State.PENDING).update(available_at=found.requested_at)
        states.append(deliver(claim_task(task="shop.send_return_label")))
    assert states == [State.PENDING, State.PENDING, State.DONE]
    assert CarrierParcel.objects.filter(is_return=True).count() == 1
    assert not broken()


def test_a_second_delivery_of_the_task_sends_nothing():
    requested(delivered())
    mail.outbox.clear()
    message = claim_task(task="shop.send_return_label")
    deliver(message)
    deliver(message, redelivered=True)
    assert len(mail.outbox) == 1
    assert CarrierParcel.objects.filter(is_return=True).count() == 1


def test_a_return_that_was_cancelled_gets_no_label():
    found = requested(delivered())
    with transaction():
        services.cancel_return(found=found, by="customer")
    deliver_all()
    subjects = [each.subject for each in mail.outbox if found.number in each.subject]
    assert subjects == [f"Return {found.number} is cancelled"]
    assert not CarrierParcel.objects.filter(is_return=True).exists()


def decide(found: Return, outcome: str) -> None:
    if outcome in ("received", "rejected"):
        receive(found, accepted=(2, 1) if outcome == "received" else (0, 0), rejection="It was used.")
    elif outcome == "expired":
        Return.objects.update(requested_at=timezone.now() - timedelta(days=999))
        assert services.cancel_abandoned() == 1
    elif outcome == "erased":
        anonymise_orders(orders=[found.order])
    else:
        with transaction():
            services.cancel_return(found=found, by="customer")


@pytest.mark.parametrize("outcome", ["received", "rejected", "cancelled", "expired", "erased"])
def test_a_parcel_whose_reply_was_lost_is_recorded_although_its_return_was_decided_since(outcome, monkeypatch):
    found = requested(delivered())
    booked = SimulatedCarrier.book_return

    def loses_the_reply(*args: Any, **arguments: Any) -> NoReturn:
        booked(*args, **arguments)
        raise CarrierUnavailable("The reply was lost.", concerns_all=False)

    monkeypatch.setattr(SimulatedCarrier, "book_return", loses_the_reply)
    assert deliver(claim_task(task="shop.send_return_label")) == State.PENDING
    monkeypatch.undo()
    decide(found, outcome)
    Message.objects.filter(state=State.PENDING).update(available_at=found.requested_at)
    deliver_all()
    found.refresh_from_db()
    parcel = CarrierParcel.objects.get(is_return=True)
    assert found.tracking_number == parcel.tracking_number
    assert (parcel.cancelled_at is not None) == (outcome in ("cancelled", "expired"))
    assert not ReturnLabel.objects.exists()
    assert not any("How to send back" in each.subject for each in mail.outbox)
    assert not broken()


@pytest.mark.parametrize("outcome", ["received", "rejected", "cancelled", "expired"])
def test_a_label_is_kept_only_while_it_can_be_used(outcome):
    found = requested(delivered())
    deliver_all()
    assert ReturnLabel.objects.filter(parent=found).exists()
    decide(found, outcome)
    assert not ReturnLabel.objects.exists()
    assert not broken()


def test_a_label_made_while_its_return_is_cancelled_is_not_stored():
    found = requested(delivered())
    stale = Return.objects.select_related("order").get(pk=found.pk)
    decide(found, "cancelled")
    assert labels.label_pdf(found=stale).startswith(b"%PDF")
    assert not ReturnLabel.objects.exists()


def test_without_a_carrier_that_takes_returns_the_shops_address_is_sent(settings):
    order = delivered()
    settings.SHIPPING_CARRIERS = ["tests.shop.returns.test_emails.OneWay"]
    found = requested(order)
    email = sent(found, about="How to send back")
    assert "a carrier of your choice to:\n\nConveyor\n1 Belt Street\nExampletown" in email.body
    found.refresh_from_db()
    assert (found.carrier, found.tracking_number) == ("", "")
    assert found.number in text_of(email.attachments[0][1])
    assert not broken()


def test_the_untracked_post_names_the_parcel(settings):
    order = delivered()
    settings.SHIPPING_CARRIERS = ["shipping.carriers.untracked.UntrackedPost"]
    found = requested(order)
    sent(found, about="How to send back")
    found.refresh_from_db()
    assert found.carrier == "Post"
    assert found.tracking_number.startswith("UR")


def test_what_was_accepted_and_refunded_is_e_mailed():
    found = requested(delivered())
    receive(found, accepted=(1, 1), rejection="One mug was used.")
    body = sent(found, about="We have received").body
    assert "1 × Product" in body
    assert "We could not accept the rest: One mug was used." in body
    assert "We are refunding €25.00." in body


def test_a_rejection_is_e_mailed_with_its_reason():
    found = requested(delivered())
    receive(found, accepted=(0, 0), rejection="The parcel was <b>empty</b>.")
    email = sent(found, about="could not accept")
    assert "The parcel was <b>empty</b>." in email.body
    assert "&lt;b&gt;" in email.alternatives[0][0]


def test_an_erased_order_gets_no_e_mail():
    found = requested(delivered())
    deliver_all()
    receive(found)
    mail.outbox.clear()
    anonymise_orders(orders=[found.order])
    deliver_all()
    assert not mail.outbox


def test_erasure_removes_what_people_wrote_and_the_label():
    found = requested(delivered(), comment="Call me: Ada")
    deliver_all()
    receive(found, accepted=(1, 1), rejection="Ada used it.")
    deliver_all()
    anonymise_orders(orders=[found.order])
    found.refresh_from_db()
    assert (found.comment, found.rejection) == ("", "")
    assert not ReturnLabel.objects.exists()
    assert found.amount == 2500


class OneWay:
    """An own carrier, written before there were returns."""

    name = "Oneway"

    def book(self, **options: Any) -> None: ...
