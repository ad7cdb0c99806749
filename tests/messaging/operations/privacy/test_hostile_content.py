"""Messages and searches that nobody sends in earnest: their pages open, and what they show and do has a bound."""

import pytest
from django.test import Client

from messaging.operations.failures.export import escape_formula
from messaging.operations.failures.search import failures, search
from shop.models import User
from tests.api.client import dead
from tests.messaging.operations.desk import body, page_url

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text",
    [
        "payload.a=" + "[" * 5000, "payload.a=1e999", "payload.a__gt=1", "payload.a__in=1",
        "payload." + "a." * 3000 + "a=1",
        "payload.0.99999999999999999999=1", "payload.a.²=1", "9" * 5000, "payload.a=" + "9" * 5000,
    ],
)  # fmt: skip
def test_a_hostile_search_finds_nothing(text):
    assert list(search(failures(), text)) == []


def test_a_search_of_many_terms_takes_a_bounded_number_of_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(11):
        assert list(search(failures(), "a " * 5000)) == []


def nested(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("payload", [{"note": "0f" * 30_000}, {"note": nested(300)}, {"notes": list(range(100_000))}])
def test_the_pages_of_a_hostile_message_open_and_have_a_bound(payload):
    message = dead(payload=payload, raw_body=b"[" * 4000, raw_headers={}, error_message="0f" * 500, replayed_from=0)
    client = Client()
    client.force_login(User.objects.create_superuser("root"), "shop.accounts.authentication.NameOrEmail")
    page = client.get(page_url(message))
    assert page.status_code == 200
    assert len(body(page)) < 1_500_000
    assert client.post(page_url(message, "reveal")).status_code == 200
    assert client.get("/admin/operations/failedtask/export/").status_code == 200


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_an_export_starts_like_a_formula(start):
    assert escape_formula(f"{start}1+1") == f"'{start}1+1"
