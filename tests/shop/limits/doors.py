"""Clients behind one proxy, and what they do at each door."""

from typing import Any

from django.test import Client

from shop.models import User
from tests.api.client import order_body, problem
from tests.factories import UserFactory

PASSWORD = "correct horse battery"
URGENT = {"name": "URGENT: pay at http://evil.example/now"}


def visitor(number: int) -> Client:
    """A client with an address of its own, behind the one proxy."""
    return Client(headers={"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"})


def order(client: Client, sku: str, quantity: int = 1, **changes: Any) -> Any:
    return client.post("/api/v1/orders/", order_body(sku, quantity, **changes), content_type="application/json")


def refused(answer: Any) -> dict[str, Any]:
    document = problem(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert "Try again in" in document["detail"]
    return document


def sign_in(client: Client, name: str, password: str, path: str = "/account/login/") -> Any:
    return client.post(path, {"username": name, "password": password})


def member(name: str = "ada", **options: Any) -> User:
    user: User = UserFactory.create(username=name, **options)
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    return client
