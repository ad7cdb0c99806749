"""Invoices and credit notes over the end of a year, which ends when it does in the shop's zone."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from messaging.invariants import audit
from orders.models import Order
from orders.services.operators import Trusted
from payments.models import Payment
from payments.services import refund_order
from shop.accounts.retention import purge_expired
from shop.invoices.frozen import last_day_kept
from shop.models import CreditNote, Invoice
from tests.clocks import travel
from tests.delivery import deliver_all
from tests.factories import place
from tests.shop.invoices.test_credit_notes import refund, text_of

#: In Berlin, the new year of 2031 begins at 23:00 UTC.
NEW_YEAR = datetime(2030, 12, 31, 23, tzinfo=UTC)


def bought_at(moment: datetime) -> Order:
    with travel(moment, tick=False):
        order = place()
        deliver_all()
    return order


@pytest.fixture
def berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.mark.django_db
@pytest.mark.usefixtures("berlin")
def test_numbers_follow_the_year_in_the_shops_zone():
    for seconds in (-1, 0, -2, 1):
        bought_at(NEW_YEAR + timedelta(seconds=seconds))
    found = Invoice.objects.order_by("pk").values_list("number", "issued_on__year", "kept_until__year")
    assert list(found) == [
        ("2030-000001", 2030, 2040),
        ("2031-000001", 2031, 2041),
        ("2030-000002", 2030, 2040),
        ("2031-000002", 2031, 2041),
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("berlin")
def test_a_credit_note_in_january_corrects_an_invoice_of_december():
    order = bought_at(NEW_YEAR - timedelta(seconds=1))
    with travel(NEW_YEAR + timedelta(seconds=1)):
        note = refund(order)
        assert audit() == []
    assert (note.number, note.kept_until.year) == ("CN-2031-000001", 2041)
    assert "2030-000001" in text_of(note)


@pytest.mark.django_db(transaction=True)
def test_a_refund_of_a_payment_whose_invoice_was_deleted_issues_no_paper(settings, caplog):
    order = bought_at(timezone.now())
    later = timezone.now() + timedelta(days=366 * (settings.CONVEYOR_KEEP_INVOICES_YEARS + 1))
    with travel(later):
        assert purge_expired()
        assert not Invoice.objects.exists()
        refund_order(order=order, amount=order.total, request_id=uuid.uuid4(), by=Trusted("olga"), reason="goodwill")
        deliver_all()
        assert not Invoice.objects.exists()
        assert not CreditNote.objects.exists()
        assert Payment.objects.get().status == "refunded"
        assert audit() == []
    assert "retention" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_more_years_keep_what_is_there_and_issue_nothing_anew_that_was_deleted(settings, client):
    settings.CONVEYOR_KEEP_INVOICES_YEARS, begin = 1, timezone.now()
    old, kept = bought_at(begin), bought_at(begin + timedelta(days=2 * 366))
    with travel(begin + timedelta(days=3 * 366)):
        assert purge_expired()
        assert Invoice.objects.get().order == kept
    settings.CONVEYOR_KEEP_INVOICES_YEARS = 10
    with travel(begin + timedelta(days=5 * 366)):
        assert not purge_expired()
        assert last_day_kept(Invoice.objects.get()).year == (begin + timedelta(days=2 * 366)).year + 10
        assert client.get(f"/orders/{old.public_id}/invoice.pdf").status_code == 409
        refund_order(order=old, amount=old.total, request_id=uuid.uuid4(), by=Trusted("olga"), reason="goodwill")
        deliver_all()
        assert Invoice.objects.get().order == kept
        assert not CreditNote.objects.exists()
        assert audit() == []
