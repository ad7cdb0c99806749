"""Invoices: issued with the capture, their content, frozen, stored once, printed, and only for captured payments."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from messaging.invariants import audit
from orders import services as orders
from orders.models import AmountKind, AmountLine, Order
from orders.values import Address
from payments.models import Payment
from shop.checkout.services import LineWanted
from shop.invoices import printing
from shop.invoices.pdf import invoice_pdf
from shop.invoices.printing import pdf_of
from shop.invoices.services import issue_invoice
from shop.models import Invoice, Product
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import CategoryFactory, ProductFactory, client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
BERLIN = Address(line1="Unter den Linden 1", city="Berlin", postcode="10117", country="DE")


@pytest.fixture
def lamp() -> Product:
    return ProductFactory.create(name="Lamp", price=1000, stock=50, category=CategoryFactory.create())


def invoiced(lamp: Product, *, quantity: int = 1, **changes) -> Invoice:
    """The invoice of an order that has been delivered."""
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=quantity)], **changes)
    deliver_all()
    return Invoice.objects.get(order=order)


def pages(document: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(document)).pages]


def url_of(order: Order) -> str:
    return f"/orders/{order.public_id}/invoice.pdf"


def test_an_invoice_is_issued_with_the_capture_and_can_be_downloaded(client, lamp):
    invoice = invoiced(lamp, quantity=3, shipping_method="express")
    answer = client.get(url_of(invoice.order))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="invoice-{invoice.number}.pdf"'
    assert "no-store" in answer["Cache-Control"]
    (text,) = pages(answer.content)
    for shown in (
        invoice.number, invoice.order.number, "Ada Lovelace", "Hauptstrasse 1", "3011 Bern", "Switzerland", "Lamp",
        lamp.sku, "€10.00", "€30.00", "€9.90", "€39.90", "Page 1 of 1", invoice.data["paid_with"], "article 146",
    ):  # fmt: skip
        assert shown in text
    assert "Credit note" not in text


def test_numbers_are_consecutive_within_a_year(lamp):
    numbers = [invoiced(lamp).number for _ in range(3)]
    year = Invoice.objects.first().issued_on.year
    assert numbers == [f"{year}-{n:06d}" for n in (1, 2, 3)]
    assert audit() == []


def test_an_invoice_has_net_tax_and_gross_by_rate_and_the_sellers_vat_number(lamp, settings):
    settings.CONVEYOR_SELLER_VAT_NUMBER = "DE123456789"
    book = ProductFactory.create(name="Book", price=1070, tax_class="reduced")
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=2), LineWanted(sku=book.sku, quantity=1)], address=BERLIN)
    deliver_all()
    invoice = Invoice.objects.get(order=order)
    (text,) = pages(pdf_of(invoice))
    for shown in ("19%", "7%", "€16.81", "€3.19", "€20.00", "€10.00", "€0.70", "€10.70", "€30.70", "DE123456789"):
        assert shown in text
    assert invoice.tax == 319 + 70
    assert "article 146" not in text


def test_an_order_whose_tax_is_not_known_has_an_invoice_without_rates(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    AmountLine.objects.filter(order=order).update(rate=None)
    deliver_all()
    invoice = Invoice.objects.get(order=order)
    assert invoice.tax is None
    assert "Prices include VAT." in pages(pdf_of(invoice))[0]


def test_tax_on_top_and_a_discount_are_summands(lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    AmountLine.objects.filter(order=order).delete()
    for kind, rate, amount in (
        (AmountKind.GOODS, 2000, 1000),
        (AmountKind.DISCOUNT, 2000, -200),
        (AmountKind.TAX, 2000, 160),
    ):
        AmountLine.objects.create(order=order, kind=kind, rate=rate, amount=amount)
    order.payments.update(status="captured", amount=960, captured_at=order.placed_at)
    invoice = issue_invoice(payment=order.payments.get())
    text = pages(pdf_of(invoice))[0]
    for shown in ("-€2.00", "€1.60", "€8.00", "€9.60"):
        assert shown in text


@pytest.mark.parametrize("was_asked", [True, False])
def test_an_unpaid_order_has_no_invoice(client, lamp, was_asked):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method="pm_card_declined")
    if was_asked:
        deliver(claim_task(task="payments.charge_payment"))
    answer = client.get(url_of(order))
    assert answer.status_code == 409
    assert "The invoice is made when your parcel is booked." in answer.content.decode()
    assert "invoice.pdf" not in client.get(f"/orders/{order.public_id}/").content.decode()


def test_an_authorised_order_has_no_invoice_and_one_that_was_voided_never_gets_one(client, lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    deliver(claim_task(task="payments.charge_payment"))
    assert "when your parcel is booked" in client.get(url_of(order)).content.decode()
    cancel(order=order)
    deliver_all()
    assert "No money was taken" in client.get(url_of(order)).content.decode()
    assert not Invoice.objects.exists()
    assert audit() == []


def test_a_long_order_breaks_over_pages_that_repeat_the_header(lamp):
    goods = ProductFactory.create_batch(120, price=100)
    order = place(lines=[LineWanted(sku=product.sku, quantity=1) for product in goods])
    order.payments.update(status="captured", captured_at=order.placed_at)
    texts = pages(pdf_of(issue_invoice(payment=order.payments.get())))
    assert len(texts) > 3
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(texts)}" in text
    assert all("Unit price" in text for text in texts[:-1])
    assert all(any(product.name in text for text in texts) for product in goods)
    assert "€120.00" in texts[-1]


@pytest.mark.parametrize("name", ["Zażółć Gęślą Jaźń", "Ärger Größe", "Ελένη", "Анна Каренина", "<b>Ada</b> & <para>"])
def test_names_keep_their_characters_and_markup_is_text(lamp, name):
    assert name in pages(pdf_of(invoiced(lamp, name=name)))[0]


def test_an_issued_invoice_never_changes(client, lamp, settings):
    order = invoiced(lamp).order
    settings.SHOP_SELLER = ("Somebody else", "2 Other Street")
    Product.objects.update(name="Renamed", price=1)
    Order.objects.update(name="Somebody", city="Elsewhere")
    first = client.get(url_of(order)).content
    assert {"Conveyor", "1 Belt Street", "Lamp", "Ada Lovelace", "3011 Bern"} <= _words(first)
    settings.SHOP_SELLER = ("A third", "3 Other Street")
    assert Client(headers={"accept-language": "de"}).get(url_of(order)).content == first
    assert bytes(Invoice.objects.get().pdf) == first


def _words(pdf: bytes) -> set[str]:
    text = pages(pdf)[0]
    known = ("Conveyor", "1 Belt Street", "Lamp", "Ada Lovelace", "3011 Bern", "Somebody")
    return {word for word in known if word in text}


def test_an_invoice_is_in_its_orders_language_and_dated_in_the_shops_zone(lamp, settings, monkeypatch):
    settings.TIME_ZONE = "Pacific/Auckland"
    invoice = invoiced(lamp, language="de")
    year = timezone.now().year + 2
    new_year = datetime(year - 1, 12, 31, 12, 0, tzinfo=UTC)
    monkeypatch.setattr("shop.invoices.services.timezone.now", lambda: new_year)
    other = invoiced(lamp)
    assert other.issued_on == date(year, 1, 1)
    assert other.number == f"{year}-000001"
    assert other.kept_until == date(year + 10, 12, 31)
    assert "Rechnung" in pages(pdf_of(invoice))[0]


def test_two_first_requests_get_the_file_that_was_stored(lamp):
    invoice = invoiced(lamp)
    stale = Invoice.objects.get(pk=invoice.pk)
    first = pdf_of(invoice)
    assert pdf_of(stale) == first
    assert invoice_pdf(stale) != b""


def test_the_invoice_of_a_captured_payment_is_issued_once(lamp):
    invoice = invoiced(lamp)
    assert issue_invoice(payment=Payment.objects.get()) == invoice
    assert Invoice.objects.count() == 1


def test_several_invoices_are_printed_as_one_file_each_in_its_language(admin_client, lamp):
    english, german = invoiced(lamp), invoiced(lamp, language="de")
    unpaid = place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method="pm_card_declined")
    answer = print_invoices(admin_client, english.order, german.order, unpaid)
    assert answer["Content-Type"] == "application/pdf"
    texts = pages(answer.content)
    assert len(texts) == 2
    assert f"Invoice {english.number}" in texts[0]
    assert f"Rechnung {german.number}" in texts[1]


def test_a_selection_that_cannot_be_printed_is_explained(admin_client, lamp, monkeypatch):
    unpaid = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    assert "None of the selected orders has an invoice" in print_invoices(admin_client, unpaid).content.decode()
    monkeypatch.setattr(printing, "MAX_AT_ONCE", 1)
    others = [place(lines=[LineWanted(sku=lamp.sku, quantity=1)]) for _ in range(2)]
    assert "At most 1 at once" in print_invoices(admin_client, *others).content.decode()


def print_invoices(client, *orders):
    chosen = {"action": "print_invoices", "_selected_action": [order.pk for order in orders]}
    return client.post("/admin/orders/order/", chosen, follow=True)


def test_staff_with_permission_list_read_and_print_invoices(lamp):
    invoice = invoiced(lamp)
    client = client_with("view_invoice", "view_order")
    listed = client.get("/admin/shop/invoice/").content.decode()
    assert invoice.number in listed
    assert f'<td class="field-issued_on nowrap">{invoice.issued_on.isoformat()}</td>' in listed
    assert client.get(f"/admin/shop/invoice/{invoice.pk}/change/").status_code == 200
    assert client.get(f"/admin/shop/invoice/{invoice.pk}/pdf/").content == pdf_of(invoice)
    chosen = {"action": "print_papers", "_selected_action": [invoice.pk]}
    assert client.post("/admin/shop/invoice/", chosen)["Content-Type"] == "application/pdf"
    other = client_with("view_order")
    assert other.get("/admin/shop/invoice/").status_code == 403
    assert other.get(f"/admin/shop/invoice/{invoice.pk}/pdf/").status_code == 404
    assert client.post(f"/admin/shop/invoice/{invoice.pk}/delete/").status_code == 403


def test_the_api_has_number_and_address_of_the_invoice(client, lamp):
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=1)])
    path = f"/api/v1/orders/{order.public_id}/"
    assert client.get(path).json()["invoice"] is None
    deliver_all()
    data = client.get(path).json()
    invoice = Invoice.objects.get()
    assert data["invoice"] == {"number": invoice.number, "url": f"http://testserver{url_of(order)}"}
    assert data["credit_notes"] == []
    assert client.get(data["invoice"]["url"]).content == pdf_of(invoice)


def test_an_erased_order_shows_no_invoice_but_staff_have_it(client, lamp):
    invoice = invoiced(lamp)
    orders.anonymise_orders(orders=[invoice.order])
    assert client.get(url_of(invoice.order)).status_code == 409
    assert "invoice.pdf" not in client.get(f"/orders/{invoice.order.public_id}/").content.decode()
    assert client.get(f"/api/v1/orders/{invoice.order.public_id}/").json()["invoice"] is None
    kept = client_with("view_invoice").get(f"/admin/shop/invoice/{invoice.pk}/pdf/").content
    assert "Ada Lovelace" in pages(kept)[0]


def test_staff_read_amounts_as_money_in_their_language(admin_client, lamp):
    invoice = invoiced(lamp)
    listed = admin_client.get("/admin/shop/invoice/", headers={"accept-language": "de"}).content.decode()
    assert "Betrag" in listed
    assert "Amount" not in listed
    shown = admin_client.get(f"/admin/shop/invoice/{invoice.pk}/change/").content.decode()
    assert invoice.amount in shown
    assert f">{invoice.total}<" not in shown
