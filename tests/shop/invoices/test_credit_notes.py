"""Credit notes: one for each refund, its tax a share of the invoice's, never more than it, and exact in full."""

import uuid
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from messaging.invariants import audit
from orders.models import Order, OrderLine
from orders.services.operators import Trusted
from orders.values import Address
from payments.models import Refund, RefundStatus
from payments.selectors import refundable_amount
from payments.services import refund_order
from shop.checkout.services import LineWanted
from shop.invoices.printing import pdf_of
from shop.invoices.services import issue_credit_note
from shop.invoices.taxes import TaxedAt, credited, left_of
from shop.models import CreditNote, Invoice
from tests.delivery import deliver_all
from tests.factories import ProductFactory, client_with, place
from tests.shop.returns.returned import receive, requested

BERLIN = Address(line1="Unter den Linden 1", city="Berlin", postcode="10117", country="DE")


def bought(**changes: Any) -> Order:
    """A delivered order of two rates: 20.00 at 19 %, 10.70 at 7 %."""
    lamp = ProductFactory.create(name="Lamp", price=1000)
    book = ProductFactory.create(name="Book", price=1070, tax_class="reduced")
    lines = [LineWanted(sku=lamp.sku, quantity=2), LineWanted(sku=book.sku, quantity=1)]
    order = place(lines=lines, address=BERLIN, **changes)
    deliver_all()
    return order


def refund(order: Order, amount: int | None = None) -> CreditNote:
    amount = amount or refundable_amount(order=order)
    refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("olga"), reason="scratch")
    deliver_all()
    note: CreditNote = CreditNote.objects.filter(order=order).latest("pk")
    return note


def take_back(order: Order, *pieces: int) -> list[tuple[int, int, int]]:
    """Receive a return of so many lamps and books. Returns what its credit note has: rate, gross and tax."""
    order.refresh_from_db()
    receive(requested(order, pieces=pieces))
    deliver_all()
    note = CreditNote.objects.filter(order=order).latest("pk")
    return [(each["rate"], each["gross"], each["tax"]) for each in note.data["taxes"]]


def text_of(paper: Invoice | CreditNote) -> str:
    return PdfReader(BytesIO(pdf_of(paper))).pages[0].extract_text()


@pytest.mark.django_db
def test_each_refund_has_a_credit_note_and_together_they_match_the_invoice(client):
    order = bought()
    invoice = Invoice.objects.get()
    notes = [refund(order, 1001), refund(order, 69), refund(order)]
    assert [note.number for note in notes] == [f"CN-{invoice.year}-{n:06d}" for n in (1, 2, 3)]
    assert sum(note.total for note in notes) == invoice.total
    assert sum(note.tax for note in notes) == invoice.tax
    assert all(note.invoice == invoice for note in notes)
    assert audit() == []


@pytest.mark.django_db
def test_a_full_refund_is_a_credit_note_of_exactly_the_invoice():
    note = refund(bought())
    invoice = Invoice.objects.get()
    assert note.data["taxes"] == invoice.data["taxes"]
    text = text_of(note)
    for shown in (note.number, invoice.number, "Ada Lovelace", "19%", "7%", "€3.19", "€0.70", "€30.70"):
        assert shown in text


@pytest.mark.django_db(transaction=True)
def test_returned_items_are_credited_at_their_own_rates():
    order = bought()
    assert list(order.lines.values_list("tax_rate", flat=True)) == [1900, 700]
    assert take_back(order, 0, 1) == [(700, 1070, 70)]
    assert take_back(order, 1, 0) == [(1900, 1000, 160)]
    assert take_back(order, 1, 0) == [(1900, 1000, 159)]
    assert sum(note.tax for note in CreditNote.objects.all()) == Invoice.objects.get().tax
    assert audit() == []


@pytest.mark.django_db(transaction=True)
def test_returning_everything_credits_exactly_the_invoice():
    order = bought()
    invoiced = Invoice.objects.get().data["taxes"]
    assert take_back(order, 2, 1) == [(each["rate"], each["gross"], each["tax"]) for each in invoiced]
    assert audit() == []


@pytest.mark.django_db(transaction=True)
def test_delivery_that_is_refunded_after_a_return_completes_the_invoice():
    order = bought(shipping_method="express")
    assert take_back(order, 2, 1) == [(1900, 2000, 319), (700, 1070, 70)]
    assert refund(order).total == 990
    invoice = Invoice.objects.get()
    assert invoice.tax == 422 + 93
    assert sum(note.tax for note in invoice.credit_notes.all()) == invoice.tax
    assert audit() == []


@pytest.mark.django_db(transaction=True)
def test_a_return_after_a_refund_takes_at_most_what_is_left_at_its_rate():
    order = bought()
    refund(order, 1000)
    assert take_back(order, 0, 1) == [(1900, 349, 56), (700, 721, 47)]
    assert audit() == []


@pytest.mark.django_db(transaction=True)
def test_returned_items_of_unknown_rates_are_credited_in_proportion():
    order = bought()
    OrderLine.objects.update(tax_rate=None)
    assert take_back(order, 0, 1) == [(1900, 697, 111), (700, 373, 24)]


@pytest.mark.django_db
def test_a_credit_note_is_on_the_orders_page_in_the_api_and_in_the_admin(client):
    order = bought()
    note = refund(order, 500)
    url = f"/orders/{order.public_id}/credit-notes/{note.number}.pdf"
    assert url in client.get(f"/orders/{order.public_id}/").content.decode()
    answer = client.get(url)
    assert answer.content == pdf_of(note)
    assert answer["Content-Disposition"] == f'attachment; filename="credit-note-{note.number}.pdf"'
    assert client.get(url.replace(order.public_id, place().public_id)).status_code == 404
    (shown,) = client.get(f"/api/v1/orders/{order.public_id}/").json()["credit_notes"]
    assert shown == {
        "number": note.number,
        "amount": {"amount": 500, "currency": "EUR", "display": "€5.00"},
        "url": f"http://testserver{url}",
    }
    staff = client_with("view_creditnote")
    assert note.number in staff.get("/admin/shop/creditnote/").content.decode()
    assert staff.get(f"/admin/shop/creditnote/{note.pk}/pdf/").content == pdf_of(note)
    Order.objects.update(anonymised_at=order.placed_at)
    assert client.get(url).status_code == 404


@pytest.mark.django_db
def test_a_later_change_of_the_shop_changes_nothing(settings):
    order = bought(language="de")
    settings.SHOP_SELLER = ("Somebody else", "2 Other Street")
    note = refund(order, 500)
    assert "Conveyor" in text_of(note)
    assert "Somebody else" not in text_of(note)


@pytest.mark.django_db
def test_a_refund_that_is_announced_again_has_one_credit_note():
    note = refund(bought(), 500)
    assert issue_credit_note(refund=note.refund) is None
    assert CreditNote.objects.get() == note


@pytest.mark.django_db
def test_money_that_went_back_twice_corrects_no_invoice():
    note = refund(bought())
    double = Refund.objects.create(
        payment=note.refund.payment, amount=note.total, status=RefundStatus.DONE, duplicates=note.refund
    )
    assert issue_credit_note(refund=double) is None
    beside = Refund.objects.create(payment=note.refund.payment, amount=1, status=RefundStatus.DONE)
    assert issue_credit_note(refund=beside) is None


@pytest.mark.django_db
def test_the_audit_sees_missing_papers_wrong_amounts_and_gaps():
    order = bought()
    refund(order, 500)
    CreditNote.objects.update(total=501)
    assert "of 501, more than its refund" in " ".join(str(one) for one in audit())
    CreditNote.objects.update(total=499)
    assert "credit notes are of 499, its refunds of another amount" in " ".join(str(one) for one in audit())
    CreditNote.objects.update(total=500, sequence=2)
    assert "the highest number is 2" in " ".join(str(one) for one in audit())
    CreditNote.objects.all().delete()
    assert "but only 0 of it is covered by credit notes" in " ".join(str(one) for one in audit())
    Invoice.objects.all().delete()
    assert "was captured, but has no invoice" in " ".join(str(one) for one in audit())


taxes = st.dictionaries(st.sampled_from([0, 550, 700, 1900, 2550, 2700]), st.integers(1, 10**7), min_size=1)


goods = st.dictionaries(st.sampled_from([0, 550, 700, 1900, 2550, 2700]), st.integers(0, 10**7))


@given(taxes, st.lists(st.tuples(st.integers(1, 10**7), goods), max_size=12))
def test_shares_add_up_and_never_exceed_what_is_left(rates, wanted):
    invoiced = [TaxedAt(rate, gross, gross * rate // (10_000 + rate)) for rate, gross in rates.items()]
    notes: list[TaxedAt] = []
    for most, returned in [*wanted, (10**9, {})]:
        left = left_of(invoiced, notes)
        amount = min(most, sum(each.gross for each in left))
        shares = credited(amount, left=left, goods=returned)
        taken = {each.rate: each.gross for each in shares}
        known = {each.rate: min(each.gross, returned.get(each.rate, 0)) for each in left}
        assert sum(known.values()) > amount or all(taken.get(rate, 0) >= gross for rate, gross in known.items())
        assert sum(each.gross for each in shares) == amount
        assert all(0 <= each.tax <= each.gross for each in shares)
        notes += shares
        assert all(each.gross >= each.tax >= 0 for each in left_of(invoiced, notes))
    assert all(each.gross == each.tax == 0 for each in left_of(invoiced, notes))


def test_more_than_is_left_is_refused():
    with pytest.raises(ValueError, match="more than"):
        credited(2, left=[TaxedAt(1900, 1, 0)])
