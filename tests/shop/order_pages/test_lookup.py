"""Guests find an order by number and e-mail address; nobody learns which of the two was wrong."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.order_pages.forms import normalised_number
from tests.factories import place

pytestmark = pytest.mark.django_db
URL = "/orders/find/"


def find(number: str, email: str = "ada@example.com", client: Client | None = None):
    return (client or Client()).post(URL, {"number": number, "email": email})


@pytest.fixture
def order() -> Order:
    return place()


@pytest.mark.parametrize(
    "typed",
    [
        "CV-0A1B2-C3D4E", "cv-0a1b2-c3d4e", " cv 0a1b2 c3d4e ", "CV0A1B2C3D4E", "0A1B2-C3D4E", "OAlB2C3D4E",
        "oaIb2c3d4e", "ＣＶ－０Ａ１Ｂ２－Ｃ３Ｄ４Ｅ", "cv–0a1b2—c3d4e",
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(typed):
    assert normalised_number(typed) == "CV-0A1B2-C3D4E"


@pytest.mark.parametrize("typed", ["", "CV", "CV-", "1", "CV-0A1B2-C3D4E-R1", "🚚" * 10, "'; DROP TABLE", "%", "CV-%"])
def test_other_texts_stay_what_they_are(typed):
    assert normalised_number(typed) != "CV-0A1B2-C3D4E"


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com", " ada@example.com "])
def test_the_order_is_found(order, email):
    response = find(order.number.lower().replace("-", " "), email)
    assert response.status_code == 302
    assert response["Location"] == f"/orders/{order.public_id}/"


def test_the_answer_is_the_same_whichever_is_wrong(order):
    answers, statements = [], []
    for number, email in (
        (order.number, "eve@example.com"),
        ("CV-00000-00000", "ada@example.com"),
        ("CV-00000-00000", "eve@example.com"),
        ("nonsense", "eve@example.com"),
    ):
        with CaptureQueriesContext(
            connection,
        ) as context:
            response = find(number, email)
        page = response.content.decode()
        for typed in (number, email, response.context["csrf_token"]):
            page = page.replace(str(typed), "")
        answers.append((response.status_code, page))
        statements.append([query["sql"].split("WHERE")[0] for query in context.captured_queries])
    assert answers[0][0] == 200
    assert len(set(answers)) == 1
    assert all(each == statements[0] for each in statements)


@pytest.mark.parametrize("number", ["", " ", "\x00", "x" * 41, "CV-\n"])
@pytest.mark.parametrize("email", ["", "ada", "ada@example.com\nBcc: eve@example.com", "a" * 250 + "@example.com"])
def test_invalid_input_is_refused(number, email):
    assert find(number, email).status_code == 200


def test_an_erased_order_is_not_found(order):
    Order.objects.update(email="")
    assert find(order.number).status_code == 200
    assert find(order.number, "").status_code == 200


def test_tries_are_limited_and_what_is_found_is_not_counted(order, settings):
    settings.CONVEYOR_LIMITS = 0.1
    for _ in range(5):
        assert find(order.number).status_code == 302
    assert find(order.number, "eve@example.com").status_code == 200
    assert find(order.number, "mallory@example.com", Client(REMOTE_ADDR="192.0.2.1")).status_code == 429
    assert find("CV-00000-00000", "eve@example.com", Client(REMOTE_ADDR="192.0.2.2")).status_code == 429


def test_a_client_is_limited(settings):
    settings.CONVEYOR_LIMITS = 0.1
    codes = [find(f"CV-0000{n}-00000", f"eve{n}@example.com").status_code for n in range(4)]
    assert codes == [200, 200, 429, 429]


def test_the_form_is_linked_from_the_footer_and_the_sign_in_page():
    assert URL in Client().get("/account/login/").content.decode()
    assert URL in Client().get("/").content.decode()


def test_the_page_is_kept_out_of_caches_and_search_engines():
    response = Client().get(URL)
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response.content.decode()


def test_a_found_order_needs_a_token_of_the_form(order):
    client = Client(enforce_csrf_checks=True)
    assert client.post(URL, {"number": order.number, "email": "ada@example.com"}).status_code == 403
