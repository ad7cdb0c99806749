"""Labels and packing slips: readable, stored unchanged, erased with the address, printed in bulk."""

from io import BytesIO
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from reportlab.lib.pagesizes import A4, A6

from orders.models import Order, Status
from orders.services import anonymise_orders
from orders.values import Address
from shipping.carriers import Booking
from shipping.documents import store
from shipping.documents.label import label_pdf
from shipping.models import Shipment, ShipmentDocument, ShipmentStatus
from shipping.selectors import booking_request_for
from shipping.services import record_booking
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
LABEL, SLIP = ShipmentDocument.Kind.LABEL, ShipmentDocument.Kind.PACKING_SLIP
LIST = "/admin/shipping/shipment/"
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def shipped(**changes: Any) -> Shipment:
    order = place(**changes)
    deliver(claim_task(task="payments.charge_payment", subject=order.number))
    deliver(claim_task(task="shipping.create_shipment", subject=order.number))
    return Shipment.objects.select_related("order").get(order=order)


def codes(pdf: bytes) -> dict[str, str]:
    """What a scanner reads on the first page, by kind of code."""
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=4).to_pil()
    return {str(found.format): found.text for found in zxingcpp.read_barcodes(image)}


def text_of(pdf: bytes, *, page: int = 0) -> str:
    return PdfReader(BytesIO(pdf)).pages[page].extract_text()


@pytest.mark.parametrize("city", ["Bern", "Łódź an der Σ"])
def test_a_scanner_reads_number_and_link_from_the_label(city):
    shipment = shipped(city=city)
    found = codes(store.document_pdf(shipment=shipment, kind=LABEL))
    link = f"https://swiftpost.example/{shipment.tracking_number}"
    assert sorted(found.values()) == sorted([shipment.tracking_number, link])
    assert found == {str(zxingcpp.BarcodeFormat.Code128): shipment.tracking_number} | {
        str(zxingcpp.BarcodeFormat.QRCode): link
    }


def test_the_label_has_the_address():
    shipment = shipped(shipping_method="express")
    pdf = store.document_pdf(shipment=shipment, kind=LABEL)
    text = text_of(pdf)
    for expected in (
        "Ada Lovelace", "Hauptstrasse 1", "3011 Bern", "SWITZERLAND", "Swiftpost", "EXPRESS", "1 Belt Street",
        shipment.order.number, shipment.tracking_number,
    ):  # fmt: skip
        assert expected in text
    box = PdfReader(BytesIO(pdf)).pages[0].mediabox
    assert (box.width, box.height) == pytest.approx(A6, abs=0.01)


def test_a_label_is_printed_although_its_carrier_was_removed_from_the_settings(settings):
    shipment = shipped()
    settings.SHIPPING_CARRIERS = ["shipping.carriers.untracked.UntrackedPost"]
    found = codes(store.document_pdf(shipment=shipment, kind=LABEL))
    assert set(found.values()) == {shipment.tracking_number}


def test_a_label_is_in_the_language_of_its_order():
    shipment = shipped(language="de")
    text = text_of(store.document_pdf(shipment=shipment, kind=LABEL))
    assert f"Bestellung {shipment.order.number}" in text
    assert "Absender" in text


def test_the_longest_address_and_number_still_fit():
    long = Address("Long street " * 16, "Cityname " * 11, "1234567890 1234567890"[:20], "CH")
    shipment = shipped(name="Maximiliana " * 8, address=long)
    Shipment.objects.update(tracking_number="A1" * 20)
    shipment.refresh_from_db()
    pdf = store.document_pdf(shipment=shipment, kind=LABEL)
    assert len(PdfReader(BytesIO(pdf)).pages) == 1
    assert codes(pdf)[str(zxingcpp.BarcodeFormat.Code128)] == "A1" * 20


@pytest.mark.parametrize(
    "text", ["山田太郎", "臺北市", "김철수", "محمد", "שלום", "สมชาย", "राजेश", "📦🎁", "Łódź Σ Київ"]
)
def test_names_and_addresses_in_any_script_are_on_label_and_slip(text):
    shipment = shipped(name=text, address=Address(text, text, "1", "CH"))
    for kind in (LABEL, SLIP):
        page = pypdfium2.PdfDocument(store.document_pdf(shipment=shipment, kind=kind))[0]
        assert all(char in page.get_textpage().get_text_range() for char in text if char < "\uffff")


@given(name=NAMES, line=NAMES)
@settings(max_examples=25, deadline=None)
def test_no_name_or_address_keeps_a_label_from_being_printed(name, line):
    order = Order(number="CV-1", name=name, line1=line, line2=name, city=line, postcode="1", country="CH")
    shipment = Shipment(order=order, carrier="Swiftpost", tracking_number="SP1", shipped_at=timezone.now())
    assert len(pypdfium2.PdfDocument(label_pdf(shipment))) == 1
    assert codes(label_pdf(shipment))


def test_the_packing_slip_lists_the_items_without_prices():
    shipment = shipped()
    pdf = store.document_pdf(shipment=shipment, kind=SLIP)
    line = shipment.order.lines.get()
    text = text_of(pdf)
    for expected in (line.sku, line.name, "2", shipment.order.number, shipment.tracking_number, "Ada Lovelace"):
        assert expected in text
    assert "€" not in text
    assert "12.50" not in text
    box = PdfReader(BytesIO(pdf)).pages[0].mediabox
    assert (box.width, box.height) == pytest.approx(A4, abs=0.01)


def test_the_packing_slip_is_in_the_orders_language():
    shipment = shipped(language="de")
    assert "Menge" in text_of(store.document_pdf(shipment=shipment, kind=SLIP))


def test_a_document_is_generated_once_and_stored():
    shipment = shipped()
    assert not ShipmentDocument.objects.exists()
    first = store.document_pdf(shipment=shipment, kind=LABEL)
    Order.objects.update(city="Elsewhere")
    shipment.order.refresh_from_db()
    with CaptureQueriesContext(connection) as captured:
        assert store.document_pdf(shipment=shipment, kind=LABEL) == first
    assert len(captured) == 1
    assert ShipmentDocument.objects.count() == 1


def test_the_carriers_own_label_is_used_if_it_provides_one():
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    booking = Booking(carrier="Swiftpost", tracking_number="SP1", label=b"%PDF of the carrier")
    shipment = record_booking(booking_request=booking_request_for(order_id=order.pk), booking=booking)
    assert store.document_pdf(shipment=shipment, kind=LABEL) == b"%PDF of the carrier"


@pytest.mark.parametrize("changes", [{"status": ShipmentStatus.CANCELLED}, {"current_for": None}])
def test_a_cancelled_or_replaced_shipment_gets_no_label(changes):
    shipment = shipped()
    Shipment.objects.update(**changes)
    shipment.refresh_from_db()
    with pytest.raises(store.CannotPrint, match=shipment.tracking_number):
        store.document_pdf(shipment=shipment, kind=LABEL)


def test_documents_are_erased_with_the_address_and_not_generated_again():
    shipment = shipped()
    for kind in (LABEL, SLIP):
        store.document_pdf(shipment=shipment, kind=kind)
    deliver_due()
    shipment.order.refresh_from_db()
    anonymise_orders(orders=[shipment.order])
    assert not ShipmentDocument.objects.exists()
    with pytest.raises(store.CannotPrint):
        store.document_pdf(shipment=shipment, kind=LABEL)


@pytest.mark.parametrize("kind", [LABEL, SLIP])
def test_a_document_that_was_generated_while_the_order_was_anonymised_is_not_stored(kind):
    before = shipped()
    deliver_due()
    anonymise_orders(orders=[Order.objects.get(pk=before.order_id)])
    with pytest.raises(store.CannotPrint):
        store.document_pdf(shipment=before, kind=kind)
    assert not ShipmentDocument.objects.exists()


def test_both_documents_are_downloadable_with_permission():
    shipment = shipped()
    client = client_with("view_shipment", "view_order")
    for kind in (LABEL, SLIP):
        response = client.get(f"{LIST}{shipment.pk}/{kind}.pdf")
        assert response["Content-Type"] == "application/pdf"
        assert response["Content-Disposition"] == f'attachment; filename="{kind}-{shipment.tracking_number}.pdf"'
        assert response.content.startswith(b"%PDF")
    assert client.get(f"{LIST}{shipment.pk}/unknown.pdf").status_code == 404
    assert client_with("view_shipment").get(f"{LIST}{shipment.pk}/label.pdf").status_code == 403
    Shipment.objects.update(status=ShipmentStatus.CANCELLED)
    ShipmentDocument.objects.all().delete()
    response = client.get(f"{LIST}{shipment.pk}/label.pdf", follow=True)
    assert "has no documents" in response.content.decode()


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ('A"1', r'filename="packing_slip-A\"1.pdf"'),
        ("A\r\nX-Y: 1", "filename*=utf-8''packing_slip-A%0D%0AX-Y%3A%201.pdf"),
    ],
)
def test_a_carriers_number_of_any_kind_names_the_file(number, name):
    shipment = shipped()
    Shipment.objects.update(tracking_number=number)
    response = client_with("view_shipment", "view_order").get(f"{LIST}{shipment.pk}/{SLIP}.pdf")
    assert (response.status_code, response["Content-Disposition"]) == (200, f"attachment; {name}")


@pytest.mark.parametrize(
    ("kind", "action", "of_orders"),
    [
        (LABEL, "print_labels", False),
        (SLIP, "print_packing_slips", False),
        (LABEL, "print_labels_of_orders", True),
        (SLIP, "print_packing_slips_of_orders", True),
    ],
)
def test_many_are_printed_as_one_file_in_the_order_of_booking(kind, action, of_orders):
    shipments = [shipped() for _ in range(3)]
    Shipment.objects.filter(pk=shipped().pk).update(status=ShipmentStatus.DELIVERED)
    client = client_with("view_shipment", "view_order")
    model = Order if of_orders else Shipment
    chosen = {"action": action, "_selected_action": list(model.objects.values_list("pk", flat=True))}
    response = client.post("/admin/orders/order/" if of_orders else LIST, chosen)
    assert response["Content-Type"] == "application/pdf"
    pages = [text_of(response.content, page=n) for n in range(len(PdfReader(BytesIO(response.content)).pages))]
    assert len(pages) == 3
    for page, shipment in zip(pages, shipments, strict=True):
        assert shipment.tracking_number in page
    assert ShipmentDocument.objects.filter(kind=kind).count() == 3


def test_too_many_at_once_are_refused_before_any_is_generated(monkeypatch):
    shipments = [shipped() for _ in range(3)]
    monkeypatch.setattr(store, "MAX_PER_FILE", 2)
    client = client_with("view_shipment", "view_order")
    chosen = {"action": "print_labels", "_selected_action": [s.pk for s in shipments]}
    assert "At most 2 at once" in client.post(LIST, chosen, follow=True).content.decode()
    assert not ShipmentDocument.objects.exists()


def test_nothing_to_print_is_reported_and_permission_is_required():
    shipment = shipped()
    Shipment.objects.update(status=ShipmentStatus.LOST)
    chosen = {"action": "print_labels", "_selected_action": [shipment.pk]}
    page = client_with("view_shipment", "view_order").post(LIST, chosen, follow=True).content.decode()
    assert "None of the selected rows has a parcel on its way" in page
    assert client_with("view_shipment").post(LIST, chosen).status_code == 403
    assert shipment.order.status == Status.SHIPPED
