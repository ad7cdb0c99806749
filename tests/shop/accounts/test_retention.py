"""Retention of sessions, guests' baskets, API tokens, sign-ins, keys, e-mails, gateway events and invoices."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone
from knox.models import AuthToken

from messaging import scheduler
from messaging.models import Message
from messaging.worker import slices
from orders.models import EmailDelivery, IdempotencyKey, Order
from orders.services.operators import Trusted
from payments.models import GatewayEvent
from payments.services import refund_order
from shop.accounts import retention
from shop.checkout.idempotency import KEPT, Idempotency
from shop.invoices.selectors import expired_files
from shop.models import CreditNote, EarlierInvoice, GuestBasket, Invoice
from tests.delivery import deliver_all, deliver_due
from tests.factories import UserFactory, place

pytestmark = pytest.mark.django_db(transaction=True)


def sessions(count: int, *, days: float) -> None:
    expires = timezone.now() + timedelta(days=days)
    Session.objects.bulk_create(Session(session_key=f"{days}-{n}", expire_date=expires) for n in range(count))


def test_what_has_expired_is_deleted_and_the_rest_is_kept():
    sessions(1, days=-1)
    sessions(1, days=1)
    user = UserFactory.create()
    AuthToken.objects.create(user=user, expiry=timedelta(hours=-1))
    AuthToken.objects.create(user=user, expiry=timedelta(hours=1))
    AccessLog.objects.bulk_create([AccessLog(username="old"), AccessLog(username="new")])
    AccessLog.objects.filter(username="old").update(attempt_time=timezone.now() - timedelta(days=91))
    for age in (89, 91):
        at = timezone.now() - timedelta(days=age)
        GatewayEvent.objects.create(event_id=f"evt_{age}", kind="charge", key=uuid.uuid4(), received_at=at)
    scheduler.tick("shop.purge_expired")
    deliver_due()
    assert GatewayEvent.objects.get().event_id == "evt_89"
    assert Session.objects.get().session_key == "1-0"
    assert AuthToken.objects.get().expiry > timezone.now()
    assert AccessLog.objects.get().username == "new"


def test_invoices_and_credit_notes_go_once_the_law_no_longer_requires_them(monkeypatch):
    for _ in range(2):
        order = place()
        deliver_all()
    refund_order(order=order, amount=order.total, request_id=uuid.uuid4(), by=Trusted("olga"))
    deliver_all()
    last = date(timezone.now().year + 10, 12, 31)
    assert set(Invoice.objects.values_list("kept_until", flat=True)) == {last}
    # The refund came a year later: the invoice that it corrects stays for as long.
    CreditNote.objects.update(kept_until=last.replace(year=last.year + 1))
    purge_on(last, monkeypatch)
    assert Invoice.objects.count() == 2
    purge_on(last + timedelta(days=1), monkeypatch)
    assert Invoice.objects.get().order == order
    purge_on(last.replace(year=last.year + 1) + timedelta(days=1), monkeypatch)
    assert not Invoice.objects.exists()
    assert not CreditNote.objects.exists()


def test_a_file_of_an_earlier_invoice_is_kept_as_long(settings):
    settings.CONVEYOR_KEEP_INVOICES_YEARS = 8
    order, now = place(), timezone.now()
    for edition, years in (("new", 8), ("old", 10)):
        EarlierInvoice.objects.create(order=order, edition=edition, pdf=b"", made_at=now - timedelta(days=365 * years))
    retention.purge_expired()
    assert EarlierInvoice.objects.get().edition == "new"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_file_of_new_years_day_is_kept_to_the_end_of_its_last_year_in_the_shops_zone(settings, zone):
    settings.CONVEYOR_KEEP_INVOICES_YEARS, settings.TIME_ZONE = 8, zone
    at = timezone.get_default_timezone()
    made, end = datetime(2018, 1, 1, 0, 30, tzinfo=at), datetime(2027, 1, 1, tzinfo=at)
    EarlierInvoice.objects.create(order=place(), edition="first", pdf=b"", made_at=made)
    for now in (made.replace(year=2026, month=6, hour=18), end - timedelta(minutes=1)):
        assert not expired_files(now=now.astimezone(UTC)).exists()
    assert expired_files(now=(end + timedelta(minutes=1)).astimezone(UTC)).exists()


def purge_on(day: date, monkeypatch) -> None:
    monkeypatch.setattr("shop.invoices.services.shop_day", lambda _now: day)
    while retention.purge_expired():
        pass


def test_a_guest_s_basket_is_deleted_with_the_session_that_knew_it(settings):
    abandoned = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE + 1)
    GuestBasket.objects.bulk_create([GuestBasket(key="old", changed_at=abandoned), GuestBasket(key="new")])
    scheduler.tick("shop.purge_expired")
    deliver_due()
    assert GuestBasket.objects.get().key == "new"


def test_a_client_s_idempotency_key_expires_but_its_order_and_the_key_of_an_import_stay():
    place(idempotency=Idempotency(client="guest", key="old"))
    place(idempotency=Idempotency(client="guest", key="new"))
    place(idempotency=Idempotency(client="replay", key="imported", expires=False))
    for key in ("old", "imported"):
        with_key = IdempotencyKey.objects.filter(key=key)
        with_key.update(created_at=timezone.now() - 2 * KEPT)
        with_key.exclude(expires_at=None).update(expires_at=timezone.now() - KEPT)
    scheduler.tick("shop.purge_expired")
    deliver_due()
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"new", "imported"}
    assert Order.objects.count() == 3


def test_an_e_mail_about_no_order_is_forgotten_once_it_was_sent_and_its_message_is_gone():
    def sent(**changes):
        values = {"kind": "password_reset", "state": "sent", "claimed_at": timezone.now() - timedelta(days=91)}
        return EmailDelivery.objects.create(**({"message_id": uuid.uuid4()} | values | changes))

    sent()
    kept = [
        sent(claimed_at=timezone.now()),
        sent(state="sending"),
        sent(order=place(), kind="paid"),
        sent(message_id=Message.objects.earliest("created_at").pk),
    ]
    scheduler.tick("shop.purge_expired")
    deliver_due()
    assert EmailDelivery.objects.filter(pk__in=[row.pk for row in kept]).count() == len(kept)
    assert EmailDelivery.objects.filter(kind="password_reset").count() == 3


@pytest.mark.usefixtures("one_step_slices")
def test_more_than_a_batch_is_deleted_by_one_run():
    sessions(2 * slices.ROWS + 1, days=-1)
    scheduler.tick("shop.purge_expired")
    assert len(deliver_due()) == 4  # three batches, and nothing left
    assert not Session.objects.exists()
    assert not Message.objects.live().exists()
