"""Forms that are sent after their session has ended."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories import ProductFactory, UserFactory

pytestmark = pytest.mark.django_db

HOST = "http://testserver"
SAID = "You have been signed out. Nothing was changed. Sign in and try again."


def sent(path: str, *, sender: str) -> tuple[str, str, str]:
    """Path of the login page, where it leads back to, and what it says."""
    client = Client()
    answer = client.post(path, {"a": "1"}, headers={"Referer": sender})
    assert answer.status_code == 302
    where = urlsplit(answer["Location"])
    return where.path, parse_qs(where.query)["next"][0], client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("path", "page", "login"),
    [
        ("/account/tokens/abc/revoke/", "/account/details/", "/account/login/"),
        ("/account/addresses/1/default/", "/account/addresses/", "/account/login/"),
        ("/admin/operations/queues/payments/resume/", "/admin/operations/queues/?a=1", "/admin/login/"),
        ("/admin/shop/product/", "/admin/shop/product/?q=lamp", "/admin/login/"),
    ],
)
def test_the_login_page_leads_back_to_the_page_with_the_form(path, page, login):
    """The address of a button has no page: it answered with an empty 405."""
    where, back, text = sent(path, sender=HOST + page)
    assert (where, back) == (login, page)
    assert SAID in text


@pytest.mark.parametrize(
    "sender", ["", "https://evil.example/account/", "javascript:alert(1)", "http://testserver@evil"]
)
def test_nobody_else_decides_where_it_leads(sender):
    path = "/account/addresses/1/default/"
    _login, back, text = sent(path, sender=sender)
    assert back == path
    assert SAID not in text


def test_a_page_of_two_slashes_leads_to_no_other_site():
    user = UserFactory.create(username="ada")
    user.set_password("right")
    user.save()
    client = Client()
    answer = client.post("/account/tokens/abc/revoke/", headers={"Referer": f"{HOST}//evil.example/"})
    signed_in = client.post(answer["Location"], {"username": "ada", "password": "right"})
    assert signed_in["Location"] == "/account/"


def test_signing_in_is_not_a_form_of_somebody_who_was_signed_out(client):
    answer = client.post("/account/login/", {"username": "x", "password": "y"}, headers={"Referer": HOST + "/account/"})
    assert SAID not in answer.content.decode()


def test_a_checkout_after_the_session_has_ended_says_how_to_get_the_basket_back(client):
    ProductFactory.create()
    answer = client.post("/checkout/", {"name": "Ada"}, follow=True)
    assert "If you have been signed out, sign in to get it back." in answer.content.decode()
