"""Return labels: both addresses in any script, and a number that a scanner reads."""

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.models import Order
from shop.models import Return
from shop.returns.label_pdf import return_label_pdf

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def drawn(
    name: str = "Ada Lovelace", line: str = "Hauptstrasse 1", language: str = "en", **changes: str
) -> pypdfium2.PdfPage:
    address = {"line1": line, "line2": name, "city": line, "postcode": "3011", "country": "CH"}
    order = Order(number="CV-1", name=name, language=language, **address)
    (page,) = pypdfium2.PdfDocument(return_label_pdf(found=Return(order=order, number="R-1", **changes)))
    return page


def text_of(page: pypdfium2.PdfPage) -> str:
    return page.get_textpage().get_text_range()


def codes(page: pypdfium2.PdfPage) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(page.render(scale=4).to_pil())]


def test_it_has_both_addresses_and_the_returns_number():
    text = text_of(drawn())
    for expected in ("Ada Lovelace", "3011 Hauptstrasse 1", "SWITZERLAND", "1 Belt Street", "R-1"):
        assert expected in text


def test_it_is_in_the_orders_language_as_the_shopper_prints_it():
    text = text_of(drawn(language="de"))
    for expected in ("RETOURE", "Rücksendung R-1", "Absender", "Empfänger", "SWITZERLAND"):
        assert expected in text


@pytest.mark.parametrize("changes", [{}, {"carrier": "Swiftpost", "tracking_number": "A1" * 20}])
def test_a_scanner_reads_the_number(changes):
    assert codes(drawn(**changes)) == [changes.get("tracking_number", "R-1")]


@pytest.mark.parametrize("text", ["山田太郎", "김철수", "محمد", "שלום", "สมชาย", "राजेश", "Łódź Σ Київ"])
def test_shopper_and_seller_may_be_written_in_any_script(text, settings):
    settings.SHOP_SELLER = (text, "1 Belt Street", "8000 Zurich", "VAT 1")
    in_head_and_address = text_of(drawn())
    assert all(in_head_and_address.count(char) >= 2 for char in text if char < "\uffff")
    assert all(char in text_of(drawn(name=text)) for char in text if char < "\uffff")


def test_what_would_make_an_address_unreadably_small_is_cut():
    assert "…" in text_of(drawn(line="Long street " * 16))


@given(name=NAMES, line=NAMES)
@settings(max_examples=25, deadline=None)
def test_no_name_or_address_keeps_a_label_from_being_printed(name, line):
    assert codes(drawn(name=name, line=line)) == ["R-1"]
