"""What no page can handle gets 400, in any part of a request, on any page."""

import json
from uuid import UUID

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse

from messaging.models import Message
from orders.models import Order
from payments.models import GatewayEvent
from shop.catalogue.admin import ProductAdmin
from shop.models import GuestBasket, User
from tests.api.client import dead, order_body
from tests.factories import ProductFactory
from tests.payments.gateways.stripe_webhook import SECRET, event, intent, signature

pytestmark = pytest.mark.django_db
NUL = "a\x00b"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"), "shop.accounts.authentication.NameOrEmail")
    return client


@pytest.mark.parametrize(
    ("path", "status"), [("/search/?q=a%00b", 200), ("/?%00=1", 200), ("/products/%00/", 404), ("/healthz?x=%00", 200)]
)
def test_a_nul_in_an_address_is_handled_by_its_page(path, status, client):
    assert client.get(path).status_code == status


@pytest.mark.parametrize("path", ["/admin/%00/", "/admin/orders/order/?q=a%00b", "/admin/?%00=1"])
def test_a_nul_in_an_address_of_the_admin_is_refused(path, staff):
    assert staff.get(path).status_code == 400


def test_a_nul_in_a_form_is_refused(client, staff):
    assert b"Null characters" in client.post("/account/login/", {"username": NUL, "password": "x"}).content
    assert staff.post(reverse("admin:operations_failuregroup_note", args=["v1-1"]), {"note": NUL}).status_code == 400


def test_an_api_client_gets_a_problem(client):
    response = client.get("/api/v1/products/?search=%00")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_a_cookie_with_a_nul_is_ignored():
    client = Client()
    client.cookies.load({"sessionid": NUL, "csrftoken": NUL, "timezone": NUL})
    assert client.get("/account/login/").status_code == 200


@pytest.mark.parametrize("key", ["x", "", "9" * 5000, "9" * 30, NUL])
@pytest.mark.parametrize(("name", "action"), [("shop_product", "restock"), ("operations_failedtask", "retry_selected")])
def test_an_action_on_rows_that_cannot_exist_is_refused(name, action, key, staff):
    chosen = {"action": action, "_selected_action": [key], "pieces": "1", "index": "0"}
    assert staff.post(reverse(f"admin:{name}_changelist"), chosen).status_code == 400


def test_an_export_with_an_unknown_filter_is_refused(staff):
    assert staff.get(reverse("admin:operations_failedtask_export"), {"nonsense": "1"}).status_code == 400


def test_a_value_that_the_database_cannot_take_is_refused(staff):
    """A moment before the year 1 in UTC, which PostgreSQL knows."""
    path, status = reverse("admin:axes_accessattempt_changelist"), 200 if connection.vendor == "postgresql" else 400
    assert staff.get(path, {"attempt_time": "0001-01-01T00:00:00+23:59"}).status_code == status


QUERIES = [
    "created_at__year=99999999",
    "created_at__year__gte=-1",
    "created_at__iso_year=0",
    "created_at__date__year=10000",
    "created_at__month=%00",
    "id__range=1",
    "id__contained_by=1",
    "task__iregex=[",
    "task__range=a,b,c",
    "id__gt=" + "9" * 5000,
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", ["operations_failedtask", "messaging_message"])
@pytest.mark.django_db(transaction=True)
def test_a_list_answers_or_refuses_whatever_is_asked_for(name, query, staff):
    """Databases differ in what they refuse, and Django shows the whole list instead of some."""
    dead()
    expected = {400} if "__year" in query else {200, 302, 400}
    assert staff.get(reverse(f"admin:{name}_changelist") + f"?{query}").status_code in expected


@pytest.mark.parametrize(
    ("error", "query", "refused"),
    [
        (ValueError("bug"), "q=lamp", True),
        (ValueError("bug"), "", False),
        (OperationalError("server closed the connection"), "q=lamp", False),
        (InterfaceError("connection already closed"), "q=lamp", False),
    ],
)
def test_a_bug_and_an_outage_are_no_bad_request(error, query, refused, staff, monkeypatch):
    def fail(*args):
        raise error

    monkeypatch.setattr(ProductAdmin, "get_queryset", fail)
    staff.raise_request_exception = False
    status = staff.get(reverse("admin:shop_product_changelist") + f"?{query}").status_code
    assert status == (400 if refused else 500)


#: Path, body and media type of requests that write something, and the status of those without a body.
WRITES = [
    ("/webhooks/stripe/", json.dumps(event("payment_intent.succeeded", intent(UUID(int=1)))), "application/json", 400),
    ("/api/v1/orders/", json.dumps(order_body("LAMP")), "application/json", 400),
    ("/basket/add/", "sku=LAMP&quantity=1", "application/x-www-form-urlencoded", 302),
]


@pytest.mark.parametrize("length", ["x", "-1", "1.5", "ï»¿", " ", "²"])
@pytest.mark.parametrize(("path", "body", "media_type", "status"), WRITES, ids=["webhook", "API", "form"])
def test_a_length_that_is_no_number_is_an_empty_body(client, settings, path, body, media_type, status, length):
    def send(**changes: str) -> int:
        signed = {"Stripe-Signature": signature(body.encode())}
        return client.generic("POST", path, body, content_type=media_type, headers=signed, **changes).status_code

    def is_written() -> bool:
        return any(model.objects.exists() for model in (GatewayEvent, GuestBasket, Message, Order))

    settings.STRIPE_WEBHOOK_SECRETS = (SECRET,)
    ProductFactory.create(sku="LAMP")
    assert (send(CONTENT_LENGTH=length), is_written()) == (status, False)
    send()
    assert is_written()
