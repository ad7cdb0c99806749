"""The second of two clicks on a form of an account: done once, and answered as the first. And two forms at once."""

from dataclasses import asdict
from functools import partial
from typing import Any

import pytest
import time_machine
from django.contrib.auth.forms import SetPasswordMixin
from django.core.cache import caches
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from knox.models import AuthToken

from messaging.models import Message
from orders.models import Order
from shop.accounts import services
from shop.accounts.addresses import add_address, change_address, make_default, remove_address
from shop.accounts.closing import CannotErase, close_account
from shop.accounts.emails import email_change, password_reset
from shop.checkout.services import checkout
from shop.models import SavedAddress, User
from shop.payloads import EmailChangeKind
from tests.api.client import order_body, post, problem
from tests.auditing import broken
from tests.factories import ADDRESS, CategoryFactory, ProductFactory, UserFactory
from tests.races import at_once
from tests.shop.accounts.erasing import deliver_slices
from tests.shop.accounts.test_accounts import GOOD, register, request_reset, signs_in
from tests.shop.accounts.test_details import NEW, change, link
from tests.shop.checkout.page import filled

MESSAGE = "01a229a1-241e-742f-8931-9756fc260d72"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_just_done() -> None:
    caches["limits"].clear()


@pytest.fixture
def ada(client: Client) -> Client:
    register(client)
    return client


def twice(client: Client, path: str, data: dict[str, str] | None = None) -> list[tuple[int, str, list[str]]]:
    """Sends a form as before the first answer has come: with the cookies that the browser had."""
    return [_sent(_cookies(client), path, data or {}) for _ in range(2)]


def _cookies(client: Client) -> dict[str, str]:
    return {name: morsel.value for name, morsel in client.cookies.items()}


def _sent(cookies: dict[str, str], path: str, data: dict[str, str]) -> tuple[int, str, list[str]]:
    client = Client()
    client.cookies.load(cookies)
    response: Any = client.post(path, data)
    texts = [str(message) for message in response.wsgi_request._messages._queued_messages]
    return response.status_code, response.headers.get("Location", ""), texts


def account() -> User:
    return User.objects.get(first_name="Ada")


def test_a_registration_signs_in_twice_and_creates_one_account():
    data = {"name": "Ada Lovelace", "email": "Ada@Example.com", "password": GOOD}
    assert twice(Client(), "/account/register/", data) == [(302, "/account/", ["Welcome! Your account is ready."])] * 2
    assert User.objects.count() == 1


@pytest.mark.parametrize("changes", [{"password": "another horse battery"}, {}])
def test_an_account_that_is_not_just_registered_with_this_password_signs_nobody_in(ada, changes):
    with time_machine.travel(timezone.now() if changes else timezone.now() + services._TWO_CLICKS, tick=False):
        response = register(Client(), **changes)
    assert response.status_code == 200
    assert "There is already an account" in response.text


def test_a_password_reset_sends_one_email(ada):
    request_reset(Client())
    assert "we have sent a link" in request_reset(Client()).text
    assert Message.objects.count() == 1
    with time_machine.travel(timezone.now() + services._TWO_CLICKS, tick=False):
        request_reset(Client())
    assert Message.objects.count() == 2


def test_resets_at_once_send_one_email(ada):
    at_once(*[partial(services.request_password_reset, user=account(), language="en")] * 3)
    assert Message.objects.count() == 1


def test_a_new_address_gets_one_link(ada):
    for email in (NEW, NEW, "queen@example.com", NEW):
        assert f"We have sent a link to {email}." in change(ada, email).text
    assert Message.objects.count() == 3 * len(EmailChangeKind)


def test_a_new_address_is_confirmed(ada):
    services.request_email_change(user=account(), email=NEW, language="en")
    path = link(email_change(user=account(), kind=EmailChangeKind.CONFIRMATION, language="en", message_id=MESSAGE))
    done = (302, "/account/details/", ["Your e-mail address has been changed."])
    assert twice(ada, path) == [done] * 2
    assert account().email == NEW
    caches["limits"].clear()
    assert ada.post(path).status_code == 404


def test_of_two_confirmations_at_once_both_read_that_it_is_done(ada):
    services.request_email_change(user=account(), email=NEW, language="en")
    both = [account(), account()]
    assert [services.confirm_email(user=user) for user in both] == [True, True]


def test_a_new_password_is_chosen(ada):
    visitor = Client()
    path = link(password_reset(user=account(), language="en", message_id=MESSAGE))
    form = visitor.get(path, follow=True).redirect_chain[-1][0]
    new = {"new_password1": "a better horse", "new_password2": "a better horse"}
    done = (302, "/account/login/", ["Password changed. You can now sign in with it."])
    assert twice(visitor, form, new) == [done] * 2
    assert signs_in("ada@example.com", "a better horse")
    assert Client().post(form, new).status_code == 200, "another visitor sees that the link was used"


def test_a_saved_address_is_removed(ada):
    saved = add_address(user=account(), name="Ada", address=ADDRESS)
    done = (302, "/account/addresses/", ["Address removed. Past orders still show it."])
    assert twice(ada, f"/account/addresses/{saved.pk}/remove/") == [done] * 2
    assert not SavedAddress.objects.exists()


def test_another_shoppers_address_is_not_found(ada):
    saved = add_address(user=UserFactory.create(), name="Bob", address=ADDRESS)
    assert [status for status, *_ in twice(ada, f"/account/addresses/{saved.pk}/remove/")] == [404, 404]
    assert SavedAddress.objects.exists()


def test_an_account_that_is_erased_twice_at_once_is_gone(ada):
    both = [account(), account()]
    assert at_once(*(partial(close_account, user=user) for user in both)) == [None, None]
    assert deliver_slices() > 0
    assert not User.objects.exists()


def test_an_order_and_an_erasure_at_once_decide_once(ada):
    product = ProductFactory.create(category=CategoryFactory.create())
    ada.post("/basket/add/", {"sku": product.sku, "quantity": 2})
    order = partial(_sent, _cookies(ada), "/checkout/", filled(ada))
    erasure = partial(_sent, _cookies(ada), "/account/delete/", {"password": GOOD})
    assert at_once(order, erasure) == [None, None]
    assert User.objects.filter(is_active=True).count() == Order.objects.count()
    assert not broken()


def test_an_order_by_the_api_and_an_erasure_at_once_decide_once(ada):
    product, token = ProductFactory.create(category=CategoryFactory.create()), AuthToken.objects.create(account())[1]
    order = partial(post, "/orders/", order_body(product.sku), token=token)
    assert at_once(order, partial(close_account, user=account()), refusals=(CannotErase,))[0] is None
    assert User.objects.filter(is_active=True).count() == Order.objects.count()


WRITES = [
    ("shop.accounts.addresses.add_address", "addresses/add/", {"name": "Ada", **asdict(ADDRESS)}),
    ("shop.accounts.services.request_email_change", "details/", {"name": "Ada", "email": NEW, "password": GOOD}),
    (
        "django.contrib.auth.forms.SetPasswordMixin.set_password_and_save",
        "password/",
        {"old_password": GOOD, "new_password1": "a better horse", "new_password2": "a better horse"},
    ),
]


@pytest.mark.parametrize(("write", "path", "data"), WRITES[:2], ids=["address", "details"])
def test_a_form_of_an_account_that_is_closed_meanwhile_signs_out(ada, monkeypatch, write, path, data):
    original = import_string(write)

    def closed(*arguments: Any, **named: Any) -> Any:
        close_account(user=account())
        return original(*arguments, **named)

    monkeypatch.setattr(write, closed)
    page = ada.post(f"/account/{path}", data, follow=True)
    assert page.redirect_chain[-1] == ("/", 302)
    assert "This account has been deleted." in page.text
    assert set(User.objects.values_list("email", "first_name", "new_email")) == {("", "", "")}


@pytest.mark.parametrize(("write", "path", "data"), WRITES, ids=[path for _write, path, _data in WRITES])
def test_a_form_of_an_account_that_is_erased_meanwhile_signs_out(ada, monkeypatch, write, path, data):
    original = import_string(write) if "Mixin" not in write else SetPasswordMixin.set_password_and_save

    def erased(*arguments: Any, **named: Any) -> Any:
        User.objects.all().delete()
        return original(*arguments, **named)

    monkeypatch.setattr(write, erased)
    page = ada.post(f"/account/{path}", data, follow=True)
    assert page.redirect_chain[-1] == ("/", 302)
    assert "This account has been deleted." in page.text
    assert not page.wsgi_request.user.is_authenticated


def test_an_operator_who_gives_a_password_to_an_account_that_is_erased_meanwhile_gets_404(ada, monkeypatch):
    original, gone = SetPasswordMixin.set_password_and_save, account()

    def erased(*arguments: Any, **named: Any) -> Any:
        User.objects.filter(pk=gone.pk).delete()
        return original(*arguments, **named)

    monkeypatch.setattr(SetPasswordMixin, "set_password_and_save", erased)
    root = Client()
    root.force_login(User.objects.create_superuser("root"), "shop.accounts.authentication.NameOrEmail")
    new = {"password1": "a better horse", "password2": "a better horse", "usable_password": "true"}
    assert root.post(reverse("admin:auth_user_password_change", args=[gone.pk]), new).status_code == 404
    assert not User.objects.filter(pk=gone.pk).exists()
    assert root.get("/admin/").status_code == 200


def test_a_token_of_an_account_that_is_erased_meanwhile_is_refused(ada, monkeypatch):
    signed_in = account()

    def erased(*arguments: Any, **named: Any) -> User:
        User.objects.all().delete()
        return signed_in

    monkeypatch.setattr("shop.api.tokens.authenticate", erased)
    refused = problem(post("/auth/token/", {"username": "ada@example.com", "password": GOOD}), 401)
    assert refused["detail"] == "Wrong user name or password."
    assert not AuthToken.objects.exists()


def test_other_errors_of_the_database_are_not_taken_for_an_erasure(ada, monkeypatch):
    def fail(**named: Any) -> None:
        raise IntegrityError("another row")

    monkeypatch.setattr("shop.accounts.addresses.add_address", fail)
    with pytest.raises(IntegrityError, match="another row"):
        ada.post("/account/addresses/add/", {"name": "Ada", **asdict(ADDRESS)})


def test_an_address_that_is_removed_meanwhile_leaves_the_default_of_the_others(ada):
    first, second = (add_address(user=account(), name=name, address=ADDRESS) for name in ("Ada", "Bob"))
    remove_address(saved=first)
    for late in (
        partial(make_default, saved=first),
        partial(change_address, saved=first, name="Eve", address=ADDRESS, is_default=True),
    ):
        with pytest.raises(SavedAddress.DoesNotExist):
            late()
    assert SavedAddress.objects.get(is_default=True) == second


@pytest.mark.parametrize("end", [User.delete, lambda user: close_account(user=user)])
def test_an_order_by_the_api_of_an_account_that_is_erased_meanwhile_is_refused(ada, monkeypatch, end):
    product, token = ProductFactory.create(category=CategoryFactory.create()), AuthToken.objects.create(account())[1]

    def erased(**named: Any) -> Any:
        end(account())
        return checkout(**named)

    monkeypatch.setattr("shop.api.orders.checkout", erased)
    refused = problem(post("/orders/", order_body(product.sku), token=token), 401)
    assert refused["detail"] == "This account has been deleted."
    assert not Order.objects.exists()
