"""Accounts: registration, sign-in, password reset, details, and no account enumeration."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client

from messaging.models import Message, State
from shop.models import User
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = "correct horse battery"
REGISTRATION = {"name": "Ada Lovelace", "email": "Ada@Example.com", "password": GOOD}


def text(response: Any) -> str:
    return response.content.decode()


def register(client: Client, **changes: str) -> Any:
    return client.post("/account/register/", REGISTRATION | changes)


def signs_in(name: str, password: str) -> bool:
    return Client().post("/account/login/", {"username": name, "password": password}).status_code == 302


def link_in(email: Any) -> str:
    [link] = re.findall(r"https?://\S+", str(email.body))
    return urlsplit(link).path


def request_reset(client: Client, email: str = "ada@example.com") -> Any:
    return client.post("/account/reset/", {"email": email}, follow=True)


def test_registration_signs_in(client):
    assert register(client).url == "/account/"
    user = User.objects.get()
    assert (user.username, user.email, user.get_full_name()) == ("ada@example.com", "ada@example.com", "Ada Lovelace")
    assert (user.first_name, user.last_name) == ("Ada", "Lovelace")
    assert "Signed in as ada@example.com" in text(client.get("/account/"))


def test_next_is_followed_only_within_the_site(client):
    assert register(client, next="/checkout/").url == "/checkout/"
    other = register(Client(), email="bob@example.com", next="https://evil.example/")
    assert other.url == "/account/"


@pytest.mark.parametrize("password", ["short", "password", "12345678901", "ada@example.com"])
def test_a_weak_password_is_refused_with_a_reason(client, password):
    assert 'class="errorlist"' in text(register(client, password=password))
    assert not User.objects.exists()


def test_an_address_has_one_account_whatever_its_letter_case(client):
    UserFactory.create(username="first", email="aDa@example.com")
    assert "There is already an account with this e-mail address." in text(register(client))
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["ada", "ADA@example.com", "ada@example.com"])
def test_name_and_address_both_sign_in(name):
    User.objects.create_user("ada", "Ada@example.com", GOOD)
    assert signs_in(name, GOOD)
    assert not signs_in(name, "wrong")


def test_user_names_take_precedence_over_addresses():
    User.objects.create_user("ada@example.com", "other@example.com", GOOD)
    User.objects.create_user("eve", "ada@example.com", "eve's own password")
    assert signs_in("ada@example.com", GOOD)
    assert not signs_in("ada@example.com", "eve's own password")


def test_changing_letter_case_does_not_reset_the_lockout(settings, client):
    settings.AXES_FAILURE_LIMIT = 2
    User.objects.create_user("ada", "ada@example.com", GOOD)
    for name in ("ada@example.com", "ADA@example.com"):
        answer = client.post("/account/login/", {"username": name, "password": "wrong"})
    assert answer.status_code == 429


def test_a_password_reset_link_works_once(client):
    register(client)
    visitor = Client()
    assert "we have sent a link to it" in text(request_reset(visitor))
    deliver_due()
    [email] = mail.outbox
    assert email.to == ["ada@example.com"]
    assert "Hello Ada Lovelace," in email.body
    link = link_in(email)
    form = visitor.get(link, follow=True)
    new = {"new_password1": "a better horse", "new_password2": "a better horse"}
    visitor.post(form.redirect_chain[-1][0], new)
    assert signs_in("ada@example.com", "a better horse")
    assert not signs_in("ada@example.com", GOOD)
    assert "This link has expired or was already used" in text(Client().get(link, follow=True))


def test_the_outbox_stores_no_reset_token(client):
    register(client)
    request_reset(Client())
    message = Message.objects.get(task="shop.send_password_reset")
    user = User.objects.get()
    assert message.payload == {"user_id": user.pk, "language": "en"}
    assert message.routing_key == "notification.reset.high"
    deliver_due()
    token = link_in(mail.outbox[0]).rstrip("/").rpartition("/")[2]
    message.refresh_from_db()
    assert token not in str(Message.objects.values())


def test_a_reset_that_runs_twice_sends_one_email(client):
    register(client)
    request_reset(Client())
    message = claim_task(task="shop.send_password_reset")
    deliver(message)
    Message.objects.update(state=State.SENT)
    assert deliver(message, redelivered=True) == State.DONE
    assert len(mail.outbox) == 1


def test_an_unknown_address_gets_the_same_response_and_no_email(client):
    register(client)
    known, unknown = request_reset(Client()), request_reset(Client(), "nobody@example.com")
    plain = [re.sub(r'value="\w{64}"', "", text(answer)) for answer in (known, unknown)]
    assert plain[0] == plain[1]
    assert Message.objects.count() == 1


def test_an_account_deleted_before_the_email_gets_none(client):
    register(client)
    request_reset(Client())
    User.objects.all().delete()
    deliver_due()
    assert Message.objects.get().state == State.DONE
    assert mail.outbox == []


def test_changing_the_password_needs_the_old_one(client):
    register(client)
    new = {"new_password1": "a better horse", "new_password2": "a better horse"}
    client.post("/account/password/", {"old_password": "wrong", **new})
    assert signs_in("ada@example.com", GOOD)
    client.post("/account/password/", {"old_password": GOOD, **new})
    assert signs_in("ada@example.com", "a better horse")
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize("path", ["", "addresses/", "addresses/add/", "details/", "password/", "delete/", "data.json"])
def test_account_pages_need_sign_in(client, path):
    assert "/account/login/" in client.get(f"/account/{path}").url


@pytest.mark.parametrize("path", ["register/", "login/", "reset/"])
def test_sign_in_pages_are_public_but_not_indexed(client, path):
    page = client.get(f"/account/{path}")
    assert page.status_code == 200
    assert 'content="noindex"' in text(page)


def test_registration_redirects_a_signed_in_shopper(client):
    register(client)
    assert client.get("/account/register/").url == "/account/"


def test_addresses_are_managed_on_their_page(client):
    register(client)
    street = {"name": "Ada", "line1": "1 Engine Row", "postcode": "N1 1AA", "city": "London", "country": "GB"}
    client.post("/account/addresses/add/", street)
    client.post("/account/addresses/add/", street | {"line1": "2 <b>Row</b>"})
    user = User.objects.get()
    second, first = user.addresses.order_by("-pk")
    page = text(client.get("/account/addresses/"))
    assert "2 &lt;b&gt;Row&lt;/b&gt;" in page
    client.post(f"/account/addresses/{second.pk}/default/")
    assert user.addresses.get(is_default=True) == second
    assert "1 Engine Row" in text(client.get(f"/account/addresses/{first.pk}/"))
    client.post(f"/account/addresses/{first.pk}/", street | {"line1": "3 Row", "is_default": "on"})
    assert user.addresses.get(is_default=True).line1 == "3 Row"
    client.post(f"/account/addresses/{first.pk}/remove/")
    assert [saved.pk for saved in user.addresses.all()] == [second.pk]


def test_an_incomplete_address_is_not_saved(client):
    register(client)
    assert 'class="errorlist"' in text(client.post("/account/addresses/add/", {"name": "Ada"}))
    assert not User.objects.get().addresses.exists()


def test_an_address_beyond_the_limit_is_refused(client, monkeypatch):
    monkeypatch.setattr("shop.accounts.addresses.MAX_ADDRESSES", 0)
    register(client)
    street = {"name": "Ada", "line1": "1 Engine Row", "postcode": "N1 1AA", "city": "London", "country": "GB"}
    assert "Remove one" in text(client.post("/account/addresses/add/", street))


@pytest.mark.parametrize("what", ["", "default/", "remove/"])
def test_another_shoppers_address_is_not_found(client, what):
    register(client)
    street = {"name": "Ada", "line1": "1 Engine Row", "postcode": "N1 1AA", "city": "London", "country": "GB"}
    client.post("/account/addresses/add/", street)
    saved = User.objects.get().addresses.get()
    other = Client()
    register(other, email="eve@example.com")
    assert other.post(f"/account/addresses/{saved.pk}/{what}", street | {"line1": "Evil Row"}).status_code == 404
    saved.refresh_from_db()
    assert saved.line1 == "1 Engine Row"
