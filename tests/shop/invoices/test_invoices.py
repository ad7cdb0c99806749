"""Is an invoice whole, readable in any of Europe's languages, and given only for what was paid?"""

import uuid
from io import BytesIO

import pytest
from django.utils import translation
from pypdf import PdfReader

from orders import services as orders
from orders.models import Order
from payments.services import give_back
from shop.checkout.services import LineWanted
from shop.invoices import services as stored
from shop.invoices.pdf import invoice_pdf
from shop.models import Invoice
from shop.order_pages.selectors import order_view
from shop.order_pages.services import cancel
from tests.delivery import deliver, deliver_all, deliver_due, take
from tests.factories import CategoryFactory, ProductFactory, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp():
    return ProductFactory.create(name="Lamp", price=1000, stock=50, category=CategoryFactory.create())


def pages(paper: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(paper)).pages]


def paper_of(order: Order) -> bytes:
    return invoice_pdf(view=order_view(public_id=order.public_id), paid_with="Visa card")


def test_a_paid_order_has_an_invoice_to_take_home(client, lamp):
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
def test_an_unpaid_order_has_none_and_says_so(client, lamp, was_asked):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method="pm_card_declined")
    if was_asked:
        deliver_due()
    answer = client.get(f"/orders/{order.public_id}/invoice.pdf")
    assert answer.status_code == 409
    assert "This order has not been paid yet" in answer.content.decode()
    assert "invoice.pdf" not in client.get(f"/orders/{order.public_id}/").content.decode()


def test_money_on_its_way_back_and_money_given_back_are_told(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver(take(task="payments.charge_payment"))
    cancel(order=order)
    assert "is on its way back" in pages(paper_of(order))[0]
    deliver_due()
    assert "Credit note" in pages(paper_of(order))[0]


def test_a_long_order_breaks_over_pages_that_repeat_the_head(lamp):
    goods = ProductFactory.create_batch(120, price=100)
    order = place(lines=[LineWanted(sku=product.sku, quantity=1) for product in goods])
    orders.mark_paid(order=order)
    texts = pages(paper_of(order))
    assert len(texts) > 3
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(texts)}" in text
        assert order.number in "".join(texts[:1])
    assert all("Unit price" in text for text in texts[:-1])
    assert all(any(product.name in text for text in texts) for product in goods)
    assert "€120.00" in texts[-1]


@pytest.mark.parametrize("name", ["Zażółć Gęślą Jaźń", "Ärger Größe", "Čapek Dvořák", "Ελένη", "Анна Каренина"])
def test_names_keep_their_letters(lamp, name):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], name=name)
    orders.mark_paid(order=order)
    assert name in pages(paper_of(order))[0]


def test_signs_of_markup_stay_text(lamp):
    name = "<b>Ada</b> & <para> <img src=x>"
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], name=name)
    orders.mark_paid(order=order)
    assert name in pages(paper_of(order))[0]


def test_an_invoice_is_stored_and_given_out_again_as_it_was(client, lamp, settings):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver_due(limit=1)
    address = f"/orders/{order.public_id}/invoice.pdf"
    first = client.get(address).content
    settings.SHOP_SELLER = ("Somebody else", "2 Other Street")
    assert client.get(address).content == first
    assert bytes(Invoice.objects.get().pdf) == first


def test_what_has_changed_since_is_another_edition_and_the_first_stays(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver_due()
    first = stored.issue_invoice(view=order_view(public_id=order.public_id))
    give_back(order=order, amount=300, request_id=uuid.uuid4(), by="olga")
    deliver_due()
    second = stored.issue_invoice(view=order_view(public_id=order.public_id))
    assert "Credit note" not in pages(first)[0]
    assert "Credit note: €3.00 of it was given back." in pages(second)[0]
    assert Invoice.objects.count() == 2
    with translation.override("de"):
        assert "Rechnung" in pages(stored.issue_invoice(view=order_view(public_id=order.public_id)))[0]
    assert Invoice.objects.count() == 3


def test_many_are_printed_as_one_file_each_in_its_language(admin_client, lamp):
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


def test_what_cannot_be_printed_is_told(admin_client, lamp, monkeypatch):
    unpaid = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    assert "None of these was paid" in print_invoices(admin_client, unpaid).content.decode()
    monkeypatch.setattr(stored, "MOST_AT_ONCE", 1)
    others = [place(lines=[LineWanted(sku=lamp.sku, quantity=1)]) for _ in range(2)]
    assert "At most 1 at once" in print_invoices(admin_client, *others).content.decode()
    assert not Invoice.objects.exists()


def print_invoices(client, *orders):
    chosen = {"action": "print_invoices", "_selected_action": [order.pk for order in orders]}
    return client.post("/admin/orders/order/", chosen, follow=True)


def test_a_forgotten_shopper_leaves_no_invoice_with_a_name(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver_all()
    stored.issue_invoice(view=order_view(public_id=order.public_id))
    orders.anonymise_order(order=order)
    assert not Invoice.objects.exists()
    assert "Lovelace" not in pages(stored.issue_invoice(view=order_view(public_id=order.public_id)))[0]
