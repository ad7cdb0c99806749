"""Invoices: content, editions, languages, printing, and only for paid orders."""

import uuid
from io import BytesIO

import pytest
from django.utils import translation
from pypdf import PdfReader

from orders import services as orders
from orders.models import Order
from payments.services import refund_order
from shop.checkout.services import LineWanted
from shop.invoices import services as invoices
from shop.invoices.pdf import invoice_pdf
from shop.models import Invoice
from shop.order_pages.selectors import order_view
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import CategoryFactory, ProductFactory, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp():
    return ProductFactory.create(name="Lamp", price=1000, stock=50, category=CategoryFactory.create())


def pages(document: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(document)).pages]


def invoice_of(order: Order) -> bytes:
    return invoice_pdf(view=order_view(public_id=order.public_id), paid_with="Visa card")


def test_a_paid_order_has_an_invoice_to_download(client, lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=3)], shipping_method="express")
    deliver_due()
    answer = client.get(f"/orders/{order.public_id}/invoice.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="invoice-{order.number}.pdf"'
    assert "no-store" in answer["Cache-Control"]
    (text,) = pages(answer.content)
    for shown in (order.number, "Ada Lovelace", "Hauptstrasse 1", "3011 Bern", "Switzerland", "Lamp", lamp.sku):
        assert shown in text
    for amount in ("€10.00", "€30.00", "€9.90", "€39.90"):
        assert amount in text
    assert "Visa card" in text
    assert "Page 1 of 1" in text
    assert "Credit note" not in text


@pytest.mark.parametrize("was_asked", [True, False])
def test_an_unpaid_order_has_no_invoice(client, lamp, was_asked):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method="pm_card_declined")
    if was_asked:
        deliver_due()
    answer = client.get(f"/orders/{order.public_id}/invoice.pdf")
    assert answer.status_code == 409
    assert "This order has not been paid yet" in answer.content.decode()
    assert "invoice.pdf" not in client.get(f"/orders/{order.public_id}/").content.decode()


def test_pending_and_completed_refunds_appear_on_the_invoice(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver(claim_task(task="payments.charge_payment"))
    cancel(order=order)
    assert "is being refunded" in pages(invoice_of(order))[0]
    deliver_due()
    assert "Credit note" in pages(invoice_of(order))[0]


def test_a_long_order_breaks_over_pages_that_repeat_the_header(lamp):
    goods = ProductFactory.create_batch(120, price=100)
    order = place(lines=[LineWanted(sku=product.sku, quantity=1) for product in goods])
    orders.mark_paid(order=order)
    texts = pages(invoice_of(order))
    assert len(texts) > 3
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(texts)}" in text
        assert order.number in "".join(texts[:1])
    assert all("Unit price" in text for text in texts[:-1])
    assert all(any(product.name in text for text in texts) for product in goods)
    assert "€120.00" in texts[-1]


@pytest.mark.parametrize("name", ["Zażółć Gęślą Jaźń", "Ärger Größe", "Čapek Dvořák", "Ελένη", "Анна Каренина"])
def test_names_keep_their_characters(lamp, name):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], name=name)
    orders.mark_paid(order=order)
    assert name in pages(invoice_of(order))[0]


def test_markup_is_escaped(lamp):
    name = "<b>Ada</b> & <para> <img src=x>"
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], name=name)
    orders.mark_paid(order=order)
    assert name in pages(invoice_of(order))[0]


def test_an_issued_invoice_never_changes(client, lamp, settings):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver_due(limit=1)
    address = f"/orders/{order.public_id}/invoice.pdf"
    first = client.get(address).content
    settings.SHOP_SELLER = ("Somebody else", "2 Other Street")
    assert client.get(address).content == first
    assert bytes(Invoice.objects.get().pdf) == first


def test_a_change_results_in_a_new_edition_and_keeps_the_first(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver_due()
    first = invoices.issue_invoice(view=order_view(public_id=order.public_id))
    refund_order(order=order, amount=300, request_id=uuid.uuid4(), by="olga")
    deliver_due()
    second = invoices.issue_invoice(view=order_view(public_id=order.public_id))
    assert "Credit note" not in pages(first)[0]
    assert "Credit note: €3.00 was refunded." in pages(second)[0]
    assert Invoice.objects.count() == 2
    with translation.override("de"):
        assert "Rechnung" in pages(invoices.issue_invoice(view=order_view(public_id=order.public_id)))[0]
    assert Invoice.objects.count() == 3


def test_several_invoices_are_printed_as_one_file_each_in_its_language(admin_client, lamp):
    english, german = (place(lines=[LineWanted(sku=lamp.sku, quantity=1)], language=code) for code in ("en", "de"))
    unpaid = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method="pm_card_declined")
    deliver_due()
    answer = print_invoices(admin_client, english, german, unpaid)
    assert answer["Content-Type"] == "application/pdf"
    texts = pages(answer.content)
    assert len(texts) == 2
    assert f"Invoice {english.number}" in texts[0]
    assert f"Rechnung {german.number}" in texts[1]
    assert Invoice.objects.count() == 2


def test_a_selection_that_cannot_be_printed_is_explained(admin_client, lamp, monkeypatch):
    unpaid = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    assert "None of the selected orders has been paid" in print_invoices(admin_client, unpaid).content.decode()
    monkeypatch.setattr(invoices, "MAX_AT_ONCE", 1)
    others = [place(lines=[LineWanted(sku=lamp.sku, quantity=1)]) for _ in range(2)]
    assert "At most 1 invoices at once" in print_invoices(admin_client, *others).content.decode()
    assert not Invoice.objects.exists()


def print_invoices(client, *orders):
    chosen = {"action": "print_invoices", "_selected_action": [order.pk for order in orders]}
    return client.post("/admin/orders/order/", chosen, follow=True)


def test_anonymising_an_order_deletes_invoices_that_name_the_buyer(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver_all()
    invoices.issue_invoice(view=order_view(public_id=order.public_id))
    orders.anonymise_order(order=order)
    assert not Invoice.objects.exists()
    assert "Lovelace" not in pages(invoices.issue_invoice(view=order_view(public_id=order.public_id)))[0]
