"""Order e-mails: text and HTML agree, in the order's language, with user input escaped."""

from email.message import Message as Mime
from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from django.utils import translation

from orders.emails.compose import compose
from orders.emails.email_sql import read_order
from orders.emails.mime import Email
from orders.models import Order, OrderEvent
from orders.payloads import EmailKind, SendEmail
from orders.values import Address
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGE_ID = "01a20e5e-05ca-7436-a62d-fb2a78015b34"
PARCEL = {"carrier": "SwiftPost", "tracking_number": "SP123"}


class Reader(HTMLParser):
    """The text and links that a mail program shows of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: set[str] = set()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.links |= {value for name, value in attrs if name in ("href", "src")}

    @property
    def text(self) -> str:
        return " ".join(self.words)


def email_about(order: Order, kind: str, **amounts: int) -> Email:
    return compose(order=read_order(order_id=order.pk, kind=kind), kind=kind, message_id=MESSAGE_ID, **amounts)


def html_of(order: Order, kind: str) -> str:
    [(html, _)] = email_about(order, kind).alternatives
    return str(html)


@pytest.mark.parametrize("kind", get_args(EmailKind))
def test_each_email_has_both_parts_and_links_to_the_order(kind: str):
    order = place(name="Zoë & Co <b>")
    OrderEvent.objects.create(order=order, kind="shipped", data=PARCEL)
    email = email_about(order, kind)
    mime: Mime = email.message()
    assert mime.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mime.get_payload()] == ["text/plain", "text/html"]  # type: ignore[union-attr]
    html = Reader(html_of(order, kind))
    url = f"/orders/{order.public_id}/"
    assert "Hello Zoë & Co <b>," in html.text
    assert "Hello Zoë & Co <b>," in email.body
    assert url in str(email.body)
    assert any(link.endswith(url) for link in html.links)
    assert order.number in email.subject
    assert "\n" not in email.subject


def test_prices_are_in_both_parts():
    order = place(shipping_method="express")
    html = Reader(html_of(order, "placed")).text
    for price in ("€25.00", "€9.90", "€34.90"):
        assert price in html


def test_the_shipping_email_has_the_tracking_number():
    order = place()
    OrderEvent.objects.create(order=order, kind="shipped", data=PARCEL)
    sentence = "Your parcel is with SwiftPost, tracking number SP123."
    assert sentence in Reader(html_of(order, "shipped")).text
    assert sentence in email_about(order, "shipped").body


@pytest.mark.parametrize("was_paid", [False, True])
def test_a_cancelled_order_promises_back_only_what_it_may_owe(was_paid):
    order = place()
    if was_paid:
        OrderEvent.objects.create(order=order, kind="paid", data={})
    OrderEvent.objects.create(order=order, kind="cancelled", data={"reason": "customer"})
    for text in (str(email_about(order, "cancelled").body), Reader(html_of(order, "cancelled")).text):
        assert ("You have not been charged." in text) != was_paid
        assert ("one that you have already paid is refunded" in text) == was_paid


def test_no_resources_are_loaded_from_other_sites(settings: Any):
    order = place()
    links = Reader(html_of(order, "placed")).links
    assert links == {settings.SITE_URL, f"{settings.SITE_URL}/orders/{order.public_id}/"}


def test_an_email_is_in_the_orders_language_not_the_workers():
    order = place(language="de")
    with translation.override("en"):
        email = email_about(order, "placed")
        assert translation.get_language() == "en"
    assert "25,00\xa0€" in email.body
    assert '<html lang="de">' in html_of(order, "placed")


def test_a_version_1_message_is_still_readable():
    order = place()
    old = SendEmail.load({"order_id": order.pk, "kind": "paid"}, version=1)
    assert old == SendEmail(order_id=order.pk, kind="paid")
    assert (old.amount, old.left) == (0, 0)


def test_a_partial_refund_reads_the_same_in_both_parts():
    order = place(shipping_method="express")
    email = email_about(order, "partly_refunded", amount=490, left=3000)
    [(html, _)] = email.alternatives
    for sentence in (
        "We have refunded €4.90.",
        "You paid €34.90 for this order; €30.00 of it has not been refunded.",
        "Your credit note is on the page of your order.",
    ):
        assert sentence in str(email.body)
        assert sentence in Reader(str(html)).text


def test_the_tax_of_the_order_is_in_both_parts():
    order = place(address=Address("Weg 1", "Berlin", "10115", "DE"))
    assert "Includes €3.99 VAT (19%)." in email_about(order, "paid").body
    assert "Includes €3.99 VAT (19%)." in Reader(html_of(order, "paid")).text
    assert "No VAT: delivery outside the EU’s VAT area." in email_about(place(), "paid").body
