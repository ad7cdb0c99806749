"""Erasure of a large account: slices of bounded size, each a message of the ledger, whatever happens between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from knox.models import AuthToken

from messaging.models import Message, State
from messaging.operations.actions import discard, retry
from messaging.operations.permissions import Actor
from messaging.outbox import transaction
from orders.models import Order
from orders.signals import orders_anonymised
from shop.accounts import erasure, invariants
from shop.accounts.closing import close_account
from shop.models import Erasure, Return, Review, User
from shop.payloads import EraseAccount
from shop.returns.services import cancel_return
from tests.auditing import broken
from tests.database_search import places_of
from tests.delivery import claim_task, deliver
from tests.factories import ProductFactory, UserFactory, client_with, place
from tests.messaging.deliver import claim_due
from tests.races import at_once
from tests.shop.accounts.erasing import about, deliver_slices, erase, next_slice, slices
from tests.shop.accounts.test_accounts import GOOD, register, request_reset, signs_in
from tests.shop.returns.returned import delivered, requested

EMAIL, NAME = "zoe.quillfeather@example.com", "Zoe Quillfeather"
ANN = Actor.system("ann")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_limits() -> None:
    caches["limits"].clear()


@pytest.fixture
def _two_orders_a_slice(monkeypatch):
    monkeypatch.setattr(erasure, "ROWS", 2)


def buyer(*, orders: int, recipients: bool = False) -> User:
    """A shopper with that many delivered orders, each to somebody else if `recipients`."""
    register(Client(), email=EMAIL, name=NAME)
    user = User.objects.get(email=EMAIL)
    for n in range(orders):
        delivered(user=user, email=EMAIL, name=f"Rita Recipient{n}" if recipients else NAME)
    return user


@contextmanager
def failing_slice(text: str = "a bug") -> Iterator[None]:
    """A bug in an extension, which fails after a slice has written."""

    def fail(**kwargs: Any) -> None:
        raise RuntimeError(text)

    orders_anonymised.connect(fail)
    try:
        yield
    finally:
        orders_anonymised.disconnect(fail)


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_a_large_account_is_erased_slice_by_slice():
    user = buyer(orders=3)
    close_account(user=user)
    assert next_slice() == State.DONE
    assert [order.user_id for order in Order.objects.order_by("pk")] == [None, None, user.pk]
    assert not broken()
    deliver_slices()
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Erasure.objects.exists()
    assert {place.partition(": ")[0] for place in places_of(EMAIL, NAME, "quillfeather")} == {"shop_issuedinvoice.data"}
    assert not broken()


def test_a_closed_account_is_closed_at_once_for_everyone_who_has_it_open(client):
    register(client, email=EMAIL, name=NAME)
    user = User.objects.get()
    token = AuthToken.objects.create(user)[1]
    page = client.post("/account/delete/", {"password": GOOD}, follow=True)
    assert page.redirect_chain == [("/account/deleted/", 302)]
    assert "Your account has been closed" in page.text
    assert "/account/login/" in client.get("/account/").headers["Location"]
    headers = {"Authorization": f"Token {token}"}
    assert Client().get("/api/v1/failed-tasks/", headers=headers).status_code == 401
    assert not signs_in(EMAIL, GOOD)
    request_reset(Client(), EMAIL)
    assert set(Message.objects.values_list("task", flat=True)) == {EraseAccount.task}
    assert places_of(NAME, EMAIL) == [
        place for place in places_of(NAME, EMAIL) if "_erasure" in place or "axes" in place
    ]


def test_the_second_click_on_delete_starts_no_second_erasure():
    user = buyer(orders=1)
    close_account(user=user)
    close_account(user=user)
    assert slices().count() == 1


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_a_slice_that_fails_changes_nothing_and_its_dead_letter_names_nobody():
    user = buyer(orders=3)
    close_account(user=user)
    assert next_slice() == State.DONE
    with failing_slice():
        assert next_slice() == State.DEAD
    assert Order.objects.filter(user=user).count() == 1
    dead = Message.objects.dead().get()
    assert set(dead.payload) == {"user_id", "after"}
    assert not [place for place in places_of(EMAIL, NAME) if place.startswith(("messaging_", "operations_"))]
    assert not broken()
    retry(ids=[dead.pk], actor=ANN)
    deliver_slices()
    assert not User.objects.filter(pk=user.pk).exists()


def test_what_the_error_of_a_slice_quoted_is_redacted_in_the_end():
    user = buyer(orders=1)
    close_account(user=user)
    with failing_slice(f"{NAME} <{EMAIL}>"):
        assert next_slice() == State.DEAD
    retry(ids=[Message.objects.dead().get().pk], actor=ANN, reason=f"for {NAME}")
    deliver_slices()
    assert not User.objects.filter(pk=user.pk).exists()
    assert {place.partition(": ")[0] for place in places_of(EMAIL, NAME)} == {"shop_issuedinvoice.data"}


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_a_shopper_who_wrote_many_reviews_is_erased_from_all_of_them():
    user = buyer(orders=0)
    products = ProductFactory.create_batch(5)
    Review.objects.bulk_create(Review(product=each, user=user, stars=5, title=f"So {NAME}") for each in products)
    erase(user=user)
    assert set(Review.objects.values_list("user", "title")) == {(None, "So [removed]")}
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a lock of one row")
def test_no_message_about_an_order_is_claimed_while_a_slice_erases_it():
    user = buyer(orders=1)
    message = about(Order.objects.get())
    close_account(user=user)
    claimed: list[Message] = []

    def claim() -> None:
        claimed.extend(claim_due(limit=10))

    with transaction():
        erasure.erase_slice(user_id=user.pk, after=0)
        at_once(claim)
        assert message.pk not in [each.pk for each in claimed]
    assert message.pk in [each.pk for each in claim_due(limit=10)]


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_a_slice_that_is_delivered_twice_erases_once():
    close_account(user=buyer(orders=3))
    message = claim_task(task=EraseAccount.task)
    assert deliver(message) == State.DONE
    assert deliver(message, redelivered=True) == State.DONE
    assert slices().count() == 1
    deliver_slices()
    assert not User.objects.exists()


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_the_same_address_registers_while_slices_remain():
    close_account(user=buyer(orders=3))
    assert next_slice() == State.DONE
    newcomer = Client()
    assert register(newcomer, email=EMAIL, name=NAME).status_code == 302
    assert signs_in(EMAIL, GOOD)
    order = delivered(user=User.objects.get(email=EMAIL), email=EMAIL, name=NAME)
    deliver_slices()
    order.refresh_from_db()
    assert (order.name, order.user) == (NAME, User.objects.get())
    assert newcomer.get("/account/").status_code == 200
    assert newcomer.get("/account/data.json").json()["sign_ins"]


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_what_a_message_quotes_of_an_order_of_an_earlier_slice_is_redacted():
    user = buyer(orders=3, recipients=True)
    last = Order.objects.latest("pk")
    message = about(last, state=State.DISCARDED, note="The parcel is Rita Recipient0's.")
    erase(user=user)
    message.refresh_from_db()
    assert message.note == "The parcel is [removed]'s."


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_a_return_that_begins_between_two_slices_is_finished_first():
    user = buyer(orders=3)
    close_account(user=user)
    assert next_slice() == State.DONE
    order = Order.objects.get(user=user)
    found = requested(order)
    deliver_slices()
    order.refresh_from_db()
    assert (order.name, slices().count()) == (NAME, 1)
    assert not broken()
    with transaction():
        cancel_return(found=Return.objects.get(pk=found.pk), by="ann")
    slices().update(available_at=found.requested_at)
    deliver_slices()
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.usefixtures("_two_orders_a_slice")
def test_an_order_that_a_worker_is_busy_with_waits_and_the_others_do_not():
    user = buyer(orders=3)
    busy = Order.objects.earliest("pk")
    message = about(busy, state=State.SENT)
    close_account(user=user)
    deliver_slices()
    assert list(Order.objects.filter(user=user)) == [busy]
    Message.objects.filter(pk=message.pk).update(state=State.DONE)
    slices().update(available_at=message.created_at)
    deliver_slices()
    assert not User.objects.filter(pk=user.pk).exists()


def test_an_erasure_that_no_message_drives_is_reported():
    user = buyer(orders=3)
    close_account(user=user)
    with failing_slice():
        assert next_slice() == State.DEAD
    dead = Message.objects.dead().get()
    assert not broken()
    discard(ids=[dead.pk], actor=ANN, reason="no idea")
    assert list(broken()) == ["every erasure under way has a message that will continue it"]
    assert EMAIL not in str(broken())


def test_a_report_of_stuck_erasures_is_bounded(monkeypatch):
    monkeypatch.setattr(invariants, "MAX_REPORTED", 2)
    Erasure.objects.bulk_create(Erasure(user=UserFactory()) for _ in range(3))
    assert len(list(invariants.erasures_continue())) == 2


def test_a_closed_account_cannot_be_deleted_in_the_admin_which_would_leave_its_orders_as_they_are():
    user = buyer(orders=1)
    close_account(user=user)
    admin = client_with("view_user", "delete_user", "change_user")
    for path, data in (
        (f"{user.pk}/delete/", {"post": "yes"}),
        ("", {"action": "delete_selected", "_selected_action": user.pk, "post": "yes"}),
    ):
        admin.post(f"/admin/shop/user/{path}", data)
        assert User.objects.filter(pk=user.pk).exists()
    assert Order.objects.get().user == user


def test_an_order_of_a_closed_account_is_refused():
    user = UserFactory.create()
    close_account(user=User.objects.get(pk=user.pk))
    with pytest.raises(User.DoesNotExist):
        place(user=user)
    assert not Order.objects.exists()
