"""In-process API client and request bodies for tests."""

from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from knox.models import AuthToken

from messaging.models import Message, State
from messaging.models.uuid7 import uuid7
from shop.models import User
from tests.factories import UserFactory

ROOT = "/api/v1"
PROBLEM = {"type", "title", "status", "detail", "errors"}


def order_body(sku: str, quantity: Any = 1, **changes: Any) -> dict[str, Any]:
    """Body of a valid order request."""
    return {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": {"line1": "Hauptstrasse 1", "city": "Bern", "postcode": "3011", "country": "CH"},
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "lines": [{"sku": sku, "quantity": quantity}],
    } | changes


def post(path: str, body: Any = None, *, token: str = "", key: str | None = None, language: str = "en") -> Any:
    headers = {"Accept-Language": language} | ({"Authorization": f"Token {token}"} if token else {})
    if key is not None:
        headers["Idempotency-Key"] = key
    return Client(raise_request_exception=False).post(
        ROOT + path, {} if body is None else body, content_type="application/json", headers=headers
    )


def get(path: str, *, token: str = "") -> Any:
    headers = {"Authorization": f"Token {token}"} if token else {}
    return Client(raise_request_exception=False).get(ROOT + path, headers=headers)


def problem(response: Any, status: int) -> dict[str, Any]:
    """Assert that the response is a problem document, and return it."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert set(document) == PROBLEM
    assert document["status"] == status
    return document


def token_of(*permissions: str, is_staff: bool = True, **options: Any) -> str:
    user: User = UserFactory.create(is_staff=is_staff, **options)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    token: str = AuthToken.objects.create(user)[1]
    return token


def operator() -> str:
    return token_of(
        "view_message", "view_failedtask", "retry_message", "discard_message", "edit_message", "reveal_payload",
        "bulk_retry", "view_bulkoperation",
    )  # fmt: skip


def dead(**changes: Any) -> Message:
    """A dead message: its last attempt failed."""
    fields: dict[str, Any] = {
        "task": "payments.charge_payment",
        "queue": "payments",
        "routing_key": "payment.charge.normal",
        "payload": {"payment_id": str(uuid7())},
        "state": State.DEAD,
        "attempts": 3,
        "subject": "CV-1",
        "correlation_id": uuid7(),
        "error_type": "GatewayUnavailable",
        "error_message": "The bank did not answer.",
        "fingerprint": "f1",
    }
    return Message.objects.create(**(fields | changes))
