"""Erasure of personal data: removed from every table, while sales records stay."""

import json
import uuid
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client
from knox.models import AuthToken

from messaging.models import Attempt, Message, QueuePause, State
from messaging.operations.actions import retry
from messaging.operations.audit.log import record
from messaging.operations.models import Alert, BulkOperation, FailureGroup, PayloadEdit
from messaging.operations.permissions import Actor
from messaging.transitions import bury, file_stray
from messaging.transitions.failure import failure_of, synthetic_failure
from orders.models import Order, Status
from orders.services import cancel_order
from orders.services.operators import Trusted
from payments.services import refund_order
from shop.accounts.addresses import add_address
from shop.accounts.closing import CannotErase
from shop.checkout.idempotency import Idempotency
from shop.models import EarlierInvoice, Invoice, Review, SavedBasket, StockMovement, User
from shop.order_pages.selectors import unfinished_orders_of
from tests.auditing import broken
from tests.database_search import places_of
from tests.delivery import deliver_all, deliver_due
from tests.factories import ADDRESS, ProductFactory, UserFactory, client_with, place
from tests.payments.outcomes import capture_now
from tests.shop.accounts.erasing import deliver_slices, erase
from tests.shop.accounts.test_accounts import GOOD, register, signs_in, text

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, NAME, STREET = "zoe.quillfeather@example.com", "Zoë Quillfeather", "17 Würzburger Gasse"
SECRETS = (EMAIL, NAME, STREET, "Quillfeather", "rzburger")
ASCII_ONLY = json.dumps(NAME)[1:-1]


@pytest.fixture
def shopper(client: Client) -> Client:
    """A shopper with an account, an address and a delivered order, signed in on two devices."""
    register(client, email=EMAIL, name=NAME)
    user = User.objects.get()
    add_address(user=user, name=NAME, address=_address())
    client.post("/basket/add/", {"sku": _order(user).lines.get().sku, "quantity": 1})
    Client().post("/account/login/", {"username": EMAIL.upper(), "password": "wrong"})
    signs_in(EMAIL, GOOD)
    AuthToken.objects.create(user)
    deliver_all()
    return client


def _address() -> Any:
    return ADDRESS.__class__(line1=STREET, city="Bern", postcode="QF-1", country="CH")


def _order(user: User, **changes: Any) -> Order:
    values = {"user": user, "email": EMAIL, "name": NAME, "address": _address()}
    return place(idempotency=Idempotency(client="test", key=f"{EMAIL}-{uuid.uuid4()}"), **values | changes)


def delete_account(client: Client, password: str = GOOD) -> Any:
    page = client.post("/account/delete/", {"password": password}, follow=True)
    deliver_slices()
    return page


def _dead_email(order: Order) -> Message:
    """A dead letter with personal data in every field, plus what operators and the desk recorded about it."""
    message = Message.objects.filter(subject=order.number, task="orders.send_email").first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(state=State.SENT, payload={"to": [NAME, {EMAIL: STREET}], "n": 1})
    error = OSError(f"550 <{EMAIL.upper()}> unknown, {NAME!a}")
    raw = (f"\x00{NAME} {STREET}".encode(), {"argsrepr": f"({NAME!r},)", "nested": [{"who": ASCII_ONLY}]})
    bury(
        message_id=message.pk,
        sends=message.sends,
        failure=failure_of(error, task=message.task, text=f"Traceback: {NAME}, {STREET}"),
    )
    message.refresh_from_db()
    message.raw_body, message.raw_headers = raw
    message.save(update_fields=["raw_body", "raw_headers"])
    return message


def _leave_traces(order: Order, dead: Message) -> None:
    """Other personal data, in groups, alerts and bulk operations."""
    FailureGroup.objects.update_or_create(
        pk=dead.fingerprint,
        defaults={
            "error_message": f"for {EMAIL}",
            "note": f"ask {NAME}",
            "first_seen": order.placed_at,
            "last_seen": order.placed_at,
        },
    )
    BulkOperation.objects.create(actor="ann", reason=f"for {NAME}", chosen={"filter": {"text": EMAIL}})
    QueuePause.objects.create(queue="notifications", paused_by="ann", reason=f"{EMAIL} bounces")
    record(action="group resolved", actor=Actor.system("ann"), group=dead.fingerprint, reason=f"{EMAIL} is informed")
    Alert.objects.create(key="a", text=f"new: {EMAIL}", raised_at=order.placed_at)
    PayloadEdit.objects.create(message_id=dead.pk, before={"to": EMAIL}, after={"to": NAME}, actor="ann", reason=STREET)
    retry(ids=[dead.pk], actor=Actor.system("ann"), reason=f"{NAME} wrote from {EMAIL}")
    Message.objects.filter(pk=dead.pk).update(state=State.DEAD, note=f"call {NAME}")
    kept = {"log": f"asked for {EMAIL}", "exchanges": [{"answer": {"place": STREET, "to": NAME}}]}
    Attempt.objects.filter(message=dead).update(**kept)
    stray = synthetic_failure("UndecodableMessage", "Its body is not JSON.", task="")
    file_stray(message_id=uuid.uuid4(), failure=stray, queue="notifications", raw_body=f"{{{EMAIL}".encode())
    user = User.objects.get()
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=UserFactory.create(), content_type=kind, object_id=str(user.pk), object_repr=EMAIL, action_flag=CHANGE
    )
    LogEntry.objects.create(
        user=UserFactory.create(),
        content_type=ContentType.objects.get_for_model(FailureGroup),
        object_id=dead.fingerprint,
        object_repr="group",
        action_flag=CHANGE,
        change_message=f"Discarded: {EMAIL} wrote",
    )
    Review.objects.create(
        product=ProductFactory.create(), user=user, order=order, stars=5, title="Good", text=f"I love it. {NAME}"
    )


def test_no_table_but_the_invoices_keeps_personal_data(shopper: Client):
    order = Order.objects.get()
    dead = _dead_email(order)
    _leave_traces(order, dead)
    tables = ("orders_order", "shop_review", "messaging_message", "messaging_attempt", "operations_auditentry", "axes_")
    for table in tables:
        assert any(found.startswith(table) for found in places_of(*SECRETS, ASCII_ONLY)), (
            f"nothing to forget in {table}"
        )

    assert "has been closed" in text(delete_account(shopper))

    found = {place.partition(": ")[0] for place in places_of(*SECRETS, ASCII_ONLY, "QF-1")}
    assert found == {"shop_issuedinvoice.data"}
    review = Review.objects.get()
    assert (review.user, review.signed, review.text) == (None, "A buyer", "I love it. [removed]")
    dead.refresh_from_db()
    assert dead.payload == {"to": ["[removed]", {"[removed]": "[removed]"}], "n": 1}
    assert dead.error_type == "OSError"
    assert (dead.raw_body, dead.raw_headers) == (None, None)
    attempt = Attempt.objects.filter(message=dead).latest("id")
    assert "Traceback" in attempt.traceback
    assert (attempt.log, attempt.exchanges) == ("asked for [removed]", [])


def test_invoices_stay_for_staff_and_the_page_names_the_law(shopper: Client, settings):
    settings.CONVEYOR_KEEP_INVOICES_YEARS = 8
    page = text(shopper.get("/account/delete/"))
    assert "section 147 of the German Fiscal Code" in page
    assert "8 years after the end of the year" in page
    order, invoice = Order.objects.get(), Invoice.objects.get()
    delete_account(shopper)
    assert shopper.get(f"/orders/{order.public_id}/invoice.pdf").status_code == 409
    staff = client_with("view_invoice").get(f"/admin/shop/invoice/{invoice.pk}/pdf/")
    assert staff.headers["Content-Type"] == "application/pdf"
    invoice.refresh_from_db()
    assert invoice.data["buyer"][0] == NAME


def test_an_invoice_from_before_invoices_were_records_is_written_before_the_name_is_gone(shopper: Client):
    Invoice.objects.all().delete()
    EarlierInvoice.objects.create(order=Order.objects.get(), edition="1", pdf=NAME.encode())
    delete_account(shopper)
    assert Invoice.objects.get().data["buyer"][0] == NAME
    assert not EarlierInvoice.objects.exists()


def test_sales_records_stay(shopper: Client):
    order = Order.objects.get()
    kept = ("number", "total", "currency", "status", "placed_at", "country")
    before = {name: getattr(order, name) for name in kept}
    movements = list(StockMovement.objects.values())
    delete_account(shopper)
    order.refresh_from_db()
    assert {name: getattr(order, name) for name in kept} == before
    assert list(StockMovement.objects.values()) == movements
    assert order.lines.count() == 1
    assert order.payments.get().status == "captured"
    assert order.user is None
    assert order.anonymised_at is not None
    assert broken() == {}
    assert shopper.get(f"/orders/{order.public_id}/").status_code == 200


def test_every_session_and_token_is_revoked(shopper: Client):
    key = shopper.session.session_key
    assert len(Session.objects.all()) >= 2
    delete_account(shopper)
    deliver_due()
    assert not User.objects.exists()
    assert not AuthToken.objects.exists()
    assert not Session.objects.filter(session_key=key).exists()
    assert not any("_auth_user_id" in session.get_decoded() for session in Session.objects.all())
    assert "/account/login/" in shopper.get("/account/").headers["Location"]
    assert shopper.session.get("basket_key") is None
    assert not SavedBasket.objects.exists()
    assert not signs_in(EMAIL, GOOD)


def test_the_audit_log_stays_append_only(shopper: Client):
    dead = _dead_email(Order.objects.get())
    retry(ids=[dead.pk], actor=Actor.system("ann"), reason=NAME)
    Message.objects.filter(pk=dead.pk).update(state=State.DEAD)
    delete_account(shopper)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE operations_auditentry SET actor = 'eve'")


def test_other_shoppers_data_stays(shopper: Client):
    other = UserFactory.create(username="bob", email="bob@example.com", first_name="Bob")
    theirs = _order(other, email="bob@example.com", name="Bob Builder")
    deliver_all()
    delete_account(shopper)
    theirs.refresh_from_db()
    assert (theirs.name, theirs.email, theirs.line1, theirs.user) == ("Bob Builder", "bob@example.com", STREET, other)


def test_an_erased_shopper_gets_no_more_emails(shopper: Client):
    order = Order.objects.get()
    _dead_email(order)
    dead = Message.objects.dead().get()
    Message.objects.filter(pk=dead.pk).update(payload={"order_id": order.pk, "kind": "paid"})
    delete_account(shopper)
    mail.outbox.clear()
    retry(ids=[dead.pk], actor=Actor.system("ann"))
    deliver_due()
    dead.refresh_from_db()
    assert dead.state == State.DONE
    assert mail.outbox == []


def test_an_order_in_progress_prevents_erasure(shopper: Client):
    user = User.objects.get()
    order = _order(user)
    page = text(delete_account(shopper))
    assert order.number in page
    assert "still in progress" in page
    assert User.objects.exists()
    with pytest.raises(CannotErase, match=order.number):
        erase(user=user)
    cancel_order(order=order)
    deliver_all()
    assert "has been closed" in text(delete_account(shopper))


def test_a_pending_refund_counts_as_in_progress():
    user = UserFactory.create()
    order = place(user=user, city="Nowhere")
    deliver_due()
    capture_now(order)
    order.refresh_from_db()
    assert order.status == Status.PAID
    cancel_order(order=order)
    assert list(unfinished_orders_of(user=user)) == [order]
    deliver_due()
    assert not unfinished_orders_of(user=user).exists()


def test_a_refund_that_failed_counts_as_in_progress():
    user = UserFactory.create()
    order = place(user=user, payment_method="pm_refund_fails")
    deliver_all()
    refund_order(order=order, amount=700, request_id=uuid.uuid4(), by=Trusted("olga"))
    deliver_all()
    order.refresh_from_db()
    assert order.status == Status.DELIVERED
    assert list(unfinished_orders_of(user=user)) == [order]


def test_only_the_owner_deletes_and_only_by_post(shopper: Client):
    assert "This password is incorrect." in text(delete_account(shopper, password="wrong"))
    assert "What we keep, and why" in text(shopper.get("/account/delete/"))
    assert User.objects.exists()


def test_staff_accounts_cannot_erase_themselves():
    user = UserFactory.create(is_staff=True)
    with pytest.raises(CannotErase, match="administrator"):
        erase(user=user)
