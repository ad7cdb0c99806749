"""Token endpoint: sign-in, expiry, lockout, malformed headers."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from shop.models import User
from tests.api.client import get, post, problem, token_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


PASSWORD = "right"


def person(**options: Any) -> User:
    user: User = UserFactory.create(username="olga", **options)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(password=PASSWORD, **options):
    return post("/auth/token/", {"username": "olga", "password": password}, **options)


def test_the_right_password_returns_a_valid_token():
    person(is_staff=True, is_superuser=True)
    answer = sign_in()
    assert answer.status_code == 200
    assert set(answer.json()) == {"token", "expiry"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert get("/failed-tasks/", token=answer.json()["token"]).status_code == 200


def test_a_token_is_stored_as_a_digest():
    person()
    token = sign_in().json()["token"]
    assert token not in str(list(AuthToken.objects.values()))


@pytest.mark.parametrize("password", ["wrong", "right ", "RIGHT"])
def test_a_wrong_password_is_unauthorized(password):
    person()
    answer = sign_in(password)
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_an_unknown_name_and_a_wrong_password_get_the_same_response():
    unknown = problem(sign_in(), 401)
    person()
    assert problem(sign_in("wrong"), 401) == unknown


def test_an_inactive_user_gets_no_token():
    person(is_active=False)
    assert problem(sign_in(), 401)["detail"] == "Wrong user name or password."
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": "olga"}, "password"),
        ({"username": "a\x00", "password": "x"}, "username"),
        ({"username": 5, "password": "x"}, "username"),
        ({"username": "olga", "password": "x", "next": "/"}, "next"),
    ],
)
def test_an_invalid_field_is_named(body, field):
    assert field in problem(post("/auth/token/", body), 400)["errors"]


def test_an_invalid_token_does_not_block_a_new_one():
    person()
    assert sign_in(token="0" * 64).status_code == 200


def test_a_token_expires():
    token = token_of("view_failedtask", "view_message")
    assert get("/failed-tasks/", token=token).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=11), tick=False):
        assert problem(get("/failed-tasks/", token=token), 401)["detail"] == "Invalid token."


@pytest.mark.parametrize("header", [b"Token", b"Token a b", b"Token \xff\xfe", b"Token \x00", b"Token " + b"0" * 9000])
def test_a_malformed_header_is_unauthorized(header):
    answer = Client(raise_request_exception=False).get(
        "/api/v1/products/", headers={"Authorization": header.decode("latin-1")}
    )
    assert "token" in problem(answer, 401)["detail"].lower()
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_repeated_wrong_passwords_are_locked_out():
    person()
    answers = [sign_in("wrong") for _ in range(11)]
    problem(answers[0], 401)
    problem(answers[-1], 429)
    assert answers[-1].headers["Retry-After"] == "900"
    problem(sign_in(), 429)


def revoke(token: str = "") -> Any:
    headers = {"Authorization": f"Token {token}"} if token else {}
    return Client(raise_request_exception=False).delete("/api/v1/auth/token/", headers=headers)


def test_a_token_revokes_itself_and_no_other():
    person(is_staff=True, is_superuser=True)
    used, other = (sign_in().json()["token"] for _ in range(2))
    answer = revoke(used)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(get("/failed-tasks/", token=used), 401)
    assert get("/failed-tasks/", token=other).status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 64, "x"])
def test_only_a_valid_token_is_revoked(token):
    token_of()
    answer = revoke(token)
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("change", [{"password": "another"}, {"is_active": False}])
def test_who_signs_in_while_the_password_changes_or_the_account_is_closed_gets_no_token(monkeypatch, change):
    user = person()

    def changed_meanwhile(request: Any, **credentials: str) -> Any:
        signed_in = authenticate(request, **credentials)
        User.objects.filter(pk=user.pk).update(**change)
        return signed_in

    monkeypatch.setattr("shop.api.tokens.authenticate", changed_meanwhile)
    assert problem(sign_in(), 401)["detail"] == "Wrong user name or password."
    assert not AuthToken.objects.exists()


def test_a_new_password_revokes_tokens():
    user = person(is_staff=True, is_superuser=True)
    token = sign_in().json()["token"]
    user.set_password("another")
    user.save()
    problem(get("/failed-tasks/", token=token), 401)
    assert not AuthToken.objects.exists()


def test_an_account_has_a_bounded_number_of_tokens(monkeypatch):
    monkeypatch.setattr("shop.api.tokens.MOST_TOKENS", 3)
    owner, other = person(), UserFactory.create()
    AuthToken.objects.create(other)
    tokens = [sign_in().json()["token"] for _turn in range(5)]
    assert AuthToken.objects.filter(user=owner).count() == 3
    assert AuthToken.objects.filter(user=other).count() == 1
    kept = set(AuthToken.objects.filter(user=owner).values_list("token_key", flat=True))
    assert kept == {token[:15] for token in tokens[2:]}
