"""Erasures by operators: of accounts, and of orders that guests placed; and accounts that may not be deleted."""

from threading import Thread
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.test import Client

from messaging.models import State
from messaging.operations.models import AuditEntry
from orders.models import Order
from shop.accounts import erasure, operators
from shop.accounts.closing import CannotErase
from shop.accounts.operators import erase_account, erase_guest
from shop.checkout.services import LineWanted
from shop.models import Erasure, Review, User
from shop.payloads import EraseAccount
from tests.auditing import broken
from tests.database_search import places_of
from tests.delivery import claim_task, deliver
from tests.factories import ProductFactory, UserFactory, client_with, place
from tests.patience import PATIENCE
from tests.races import at_once
from tests.shop.accounts.erasing import deliver_slices, slices
from tests.shop.checkout.page import filled
from tests.shop.returns.returned import delivered

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL, NAME = "zoe.quillfeather@example.com", "Zoe Quillfeather"
MAY = ("view_user", "erase_account")
GUEST_URL = "/admin/shop/user/erase-guest/"
GUEST = {"email": EMAIL, "confirmation": EMAIL, "reason": f"{NAME} wrote on paper"}
KEPT = {"shop_issuedinvoice.data"}


@pytest.fixture
def zoe() -> User:
    return UserFactory.create(username="zoe", email=EMAIL, first_name="Zoe", last_name="Quillfeather")


@pytest.fixture
def ann() -> User:
    return UserFactory.create(username="ann", is_staff=True, is_superuser=True)


def bought(user: User | None = None, **values: Any) -> Order:
    return delivered(**{"user": user, "email": EMAIL, "name": NAME} | values)


def url(user: User) -> str:
    return f"/admin/shop/user/{user.pk}/erase/"


def sent(user: User, **changes: str) -> dict[str, str]:
    return {"reason": f"{NAME} asked by e-mail", "confirmation": user.get_username()} | changes


def tables(*words: str) -> set[str]:
    return {place.partition(": ")[0] for place in places_of(*words)}


def test_an_operator_closes_and_erases_an_account(zoe):
    bought(zoe)
    staff = client_with(*MAY)
    assert f'href="{url(zoe)}"' in staff.get(f"/admin/shop/user/{zoe.pk}/change/").text
    assert "<strong>zoe</strong> has 1 order." in staff.get(url(zoe)).text
    page = staff.post(url(zoe), sent(zoe), follow=True)
    assert "This account is closed, and its data is being erased. 1 order is left." in page.text
    assert f"/admin/messaging/message/{slices().get().pk}/" in page.text
    assert not User.objects.get(pk=zoe.pk).is_active
    deliver_slices()
    assert "what is erased is deleted in the end" in staff.get(url(zoe), follow=True).text
    assert not User.objects.filter(pk=zoe.pk).exists()
    assert tables(EMAIL, NAME, "quillfeather") == KEPT
    assert not broken()


def test_the_audit_log_says_who_erased_which_account_and_not_whose_it_was(zoe, ann):
    erase_account(user=zoe, by=ann, reason=f"{NAME} asked from {EMAIL}", with_guests=False)
    message = slices().get()
    deliver_slices()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.message_id) == ("erase account", "ann", message.pk)
    assert (entry.reason, entry.data) == ("[removed] asked from [removed]", {"account": zoe.pk, "with_guests": False})
    logged = LogEntry.objects.get()
    assert (logged.user, logged.object_id, logged.object_repr) == (ann, str(zoe.pk), "[removed]")


def test_an_account_that_was_deactivated_is_erased_too(zoe, ann):
    order = bought(zoe)
    User.objects.update_or_create({"is_active": False}, pk=zoe.pk)
    assert erase_account(user=zoe, by=ann, reason="asked", with_guests=False)
    deliver_slices()
    order.refresh_from_db()
    assert order.anonymised_at


def test_an_erasure_needs_its_own_permission(zoe):
    for may in (MAY[:1], MAY[1:], ("view_user", "change_user", "delete_user")):
        staff = client_with(*may)
        assert staff.get(url(zoe)).status_code == staff.get(GUEST_URL).status_code == 403
        assert staff.post(url(zoe), sent(zoe)).status_code == staff.post(GUEST_URL, GUEST).status_code == 403
    colleague = UserFactory.create(is_staff=True)
    with pytest.raises(PermissionDenied):
        erase_account(user=zoe, by=colleague, reason="asked", with_guests=False)
    with pytest.raises(PermissionDenied):
        erase_guest(email=EMAIL, by=colleague, reason="asked")
    assert "Close and erase" not in client_with("view_user").get(f"/admin/shop/user/{zoe.pk}/change/").text
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("changes", [{"confirmation": "zoé"}, {"confirmation": ""}, {"reason": " "}])
def test_an_account_is_closed_only_with_a_reason_and_its_user_name(zoe, changes):
    page = client_with(*MAY).post(url(zoe), sent(zoe, **changes))
    assert (page.status_code, "errorlist" in page.text) == (200, True)
    assert User.objects.get(pk=zoe.pk).is_active


def test_an_account_with_an_order_in_progress_stays_open(zoe):
    order = place(user=zoe)
    staff = client_with(*MAY)
    assert f"/admin/orders/order/{order.pk}/change/" in staff.get(url(zoe)).text
    page = staff.post(url(zoe), sent(zoe))
    assert f"These orders are still in progress: {order.number}." in page.text
    assert User.objects.get(pk=zoe.pk).is_active


@pytest.mark.parametrize("status", ["is_staff", "is_superuser"])
def test_accounts_of_staff_and_superusers_are_not_erased_and_so_not_ones_own(zoe, status):
    User.objects.update_or_create({status: True}, pk=zoe.pk)
    own = client_with(*MAY)
    for user in (zoe, User.objects.latest("pk")):
        assert "This is a staff account, whose name" in own.get(url(user)).text
        assert "This is a staff account" in own.post(url(user), sent(user)).text
    assert not Erasure.objects.exists()


def test_what_a_former_operator_did_in_the_admin_stays_without_a_name(zoe, ann):
    LogEntry.objects.log_actions(zoe.pk, [ann], 2, "Changed.")
    erase_account(user=zoe, by=ann, reason="has left", with_guests=False)
    deliver_slices()
    zoe.refresh_from_db()
    assert zoe.get_username().startswith("erased-")
    assert not zoe.is_active
    assert not Erasure.objects.exists()
    assert LogEntry.objects.get(object_id=str(ann.pk)).user == zoe


def test_two_operators_start_one_erasure(zoe, ann):
    bob = UserFactory.create(username="bob", is_staff=True, is_superuser=True)
    order = bought(zoe)
    works = [lambda by=by: erase_account(user=zoe, by=by, reason="asked", with_guests=False) for by in (ann, bob)]
    assert at_once(*works) == [None, None]
    assert slices().count() == AuditEntry.objects.count() == 1
    deliver_slices()
    order.refresh_from_db()
    assert order.anonymised_at


def test_an_order_placed_at_that_moment_is_refused_or_keeps_the_account_open(zoe, ann):
    lines = [LineWanted(sku=ProductFactory.create().sku, quantity=1)]
    refused = at_once(
        lambda: erase_account(user=zoe, by=ann, reason="asked", with_guests=False),
        lambda: place(user=zoe, lines=lines),
        refusals=(CannotErase, User.DoesNotExist),
    )
    assert [error is None for error in refused].count(True) == 1
    assert Order.objects.filter(user=zoe).exists() == User.objects.get(pk=zoe.pk).is_active


def test_an_account_that_is_being_erased_cannot_be_changed(zoe, ann):
    erase_account(user=zoe, by=ann, reason="asked", with_guests=False)
    admin = client_with("view_user", "change_user", "delete_user")
    page = f"/admin/shop/user/{zoe.pk}"
    assert "submit-row" in admin.get(f"/admin/shop/user/{ann.pk}/change/").text
    assert admin.post(f"{page}/change/", {"username": "zoe", "is_active": "on"}).status_code == 403
    assert admin.post(f"{page}/password/", {"password1": "x", "password2": "x"}).status_code == 403
    assert not User.objects.get(pk=zoe.pk).is_active


def deleted(client: Client, user: User, *paths: str) -> list[str]:
    """Tries both ways of the admin, or those given. Returns what was refused."""
    chosen = {"action": "delete_selected", "_selected_action": user.pk, "post": "yes"}
    ways = paths or ("", f"{user.pk}/delete/")
    pages = [client.post(f"/admin/shop/user/{path}", chosen, follow=True) for path in ways]
    return [page.text for page in pages if "Nothing was deleted: orders and messages" in page.text]


@pytest.mark.parametrize("has_order", [True, False])
def test_a_shoppers_account_is_not_deleted_in_the_admin_which_would_be_no_erasure(zoe, has_order):
    if has_order:
        bought(zoe)
    assert len(deleted(client_with("view_user", "delete_user"), zoe)) == 2
    assert User.objects.filter(pk=zoe.pk).exists()


@pytest.mark.parametrize("kind", ["unused", "bought", "reviewed"])
def test_a_staff_account_is_deleted_unless_it_has_orders_or_reviews(zoe, kind):
    User.objects.update_or_create({"is_staff": True}, pk=zoe.pk)
    if kind == "bought":
        bought(zoe)
    if kind == "reviewed":
        Review.objects.create(product=ProductFactory.create(), user=zoe, stars=5, title=NAME)
    refused = deleted(client_with("view_user", "delete_user"), zoe)
    assert bool(refused) == User.objects.filter(pk=zoe.pk).exists() == (kind != "unused")


@pytest.mark.parametrize("by", ["page", "service"])
@pytest.mark.parametrize("page", ["", "{}/delete/"])
def test_a_staff_account_that_orders_while_it_is_deleted_has_no_order(ann, monkeypatch, page, by):
    sku, shopper = ProductFactory.create().sku, Client()
    shopper.force_login(ann, "shop.accounts.authentication.NameOrEmail")
    shopper.post("/basket/add/", {"sku": sku, "quantity": 1})
    form, lines = filled(shopper), [LineWanted(sku=sku, quantity=1)]
    ways = {"page": lambda: shopper.post("/checkout/", form), "service": lambda: place(user=ann, lines=lines)}
    order = Thread(target=lambda: at_once(ways[by], refusals=(User.DoesNotExist,)))

    def deletable(users: Any) -> Any:
        found = operators.not_deletable(users)
        if not found.exists() and order.ident is None:
            order.start()
            order.join(1)  # the order is placed, or waits for the deletion
        return found

    monkeypatch.setattr("shop.accounts.admin.not_deletable", deletable)
    deleted(client_with("view_user", "delete_user"), ann, page.format(ann.pk))
    order.join(PATIENCE)
    assert (Order.objects.count(), User.objects.filter(pk=ann.pk).count()) == (0, 0)


def test_the_orders_of_a_guest_are_erased(zoe, monkeypatch):
    monkeypatch.setattr(erasure, "ROWS", 2)
    own, other = bought(zoe), bought(email="zoe.q@example.com", name="Zoe Q")
    orders = [bought(email=email) for email in (EMAIL, EMAIL.upper(), EMAIL)]
    staff = client_with(*MAY)
    assert f'href="{GUEST_URL}"' in staff.get("/admin/shop/user/").text
    assert "Erase orders" in staff.get(GUEST_URL).text
    page = staff.post(GUEST_URL, GUEST, follow=True)
    assert "its data is being erased" in page.text
    later = place(email=EMAIL, name=NAME)
    deliver_slices()
    assert not [order for order in orders if not Order.objects.get(pk=order.pk).anonymised_at]
    assert not Order.objects.filter(pk__in=[own.pk, other.pk, later.pk]).exclude(anonymised_at=None).exists()
    assert not Erasure.objects.exists()
    assert User.objects.filter(pk=zoe.pk, email=EMAIL).exists()
    assert AuditEntry.objects.get().reason == "[removed] wrote on paper"
    assert not broken()


def test_orders_placed_without_signing_in_are_erased_with_the_account_if_so_chosen(zoe, ann):
    guests = bought()
    page = client_with(*MAY).post(url(zoe), sent(zoe, with_guests="on"), follow=True)
    assert "0 orders are left" in page.text
    deliver_slices()
    guests.refresh_from_db()
    assert guests.anonymised_at
    assert tables(EMAIL, NAME, "quillfeather") == KEPT


def test_a_guests_erasure_is_refused_while_an_order_is_in_progress_and_without_any():
    staff = client_with(*MAY)
    assert "no orders placed with this address" in staff.post(GUEST_URL, GUEST).text
    order = place(email=EMAIL)
    assert f"These orders are still in progress: {order.number}." in staff.post(GUEST_URL, GUEST).text
    assert "The two addresses differ." in staff.post(GUEST_URL, GUEST | {"confirmation": "a@example.com"}).text
    assert not Erasure.objects.exists()
    assert User.objects.count() == 1


def test_a_second_click_on_erase_orders_leads_to_the_same_erasure():
    bought()
    staff = client_with(*MAY)
    first, second = (staff.post(GUEST_URL, GUEST)["Location"] for _ in range(2))
    assert first == second
    assert slices().count() == AuditEntry.objects.count() == 1


def test_two_operators_who_erase_one_guest_start_one_erasure(ann):
    orders = [bought() for _ in range(2)]
    at_once(*[lambda: erase_guest(email=EMAIL, by=ann, reason="asked")] * 2)
    assert slices().count() == 1
    deliver_slices()
    assert not Order.objects.filter(pk__in=[order.pk for order in orders], anonymised_at=None).exists()
    assert not Erasure.objects.exists()
    assert not broken()


def test_a_slice_for_a_guest_that_runs_twice_erases_once(monkeypatch):
    monkeypatch.setattr(erasure, "ROWS", 1)
    for _ in range(2):
        bought()
    client_with(*MAY).post(GUEST_URL, GUEST)
    message = claim_task(task=EraseAccount.task)
    assert deliver(message) == deliver(message, redelivered=True) == State.DONE
    assert slices().count() == 1
    deliver_slices()
    assert not Order.objects.filter(anonymised_at=None).exists()
    assert not Erasure.objects.exists()
