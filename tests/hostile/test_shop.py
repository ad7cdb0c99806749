"""Every page of the shop: hostile queries, forms, cookies and headers are refused or answered."""

import random
from urllib.parse import urlencode

import pytest

from tests.hostile.addresses import address, routes
from tests.hostile.forms import forms_of
from tests.hostile.requests import METHODS, TIMEOUT, Sender, form_body, headers, rounds
from tests.hostile.scene import Known, shopper
from tests.hostile.values import text

pytestmark = [pytest.mark.django_db, TIMEOUT]
ELSEWHERE = ("admin/", "api/", "webhooks/")
#: Not `/readyz`: it takes no input, and on SQLite its probe waits for the transaction of this test.
PROBES = ("healthz", "metrics")
ROUTES = [*PROBES, *(route for route in routes() if not route.startswith(ELSEWHERE))]
#: Parameters of the shop's addresses, and fields that pages send by script.
NAMES = (
    "q", "page", "sort", "category", "price_from", "price_to", "in_stock", "next", "language", "sku", "quantity",
    "token", "email", "stars", "title", "text",
    "username", "password", "old_password", "new_password1", "new_password2", "name", "line1", "city", "postcode",
    "country", "shipping_method", "payment_method",
    "since", "position", "section", "address", "format", "lang",
)  # fmt: skip


@pytest.fixture
def senders(known: Known) -> tuple[Sender, Sender]:
    return Sender(), Sender(shopper())


def test_pages_answer_any_address_and_query(senders: tuple[Sender, Sender], known: Known):
    for rng in rounds(2):
        for route in ROUTES:
            query = urlencode([(rng.choice(NAMES), text(rng)) for _ in range(rng.randint(0, 4))])
            rng.choice(senders).send("GET", f"{address(rng, route, known, odd=0.3)}?{query}")
    assert_accepted(senders)


def test_forms_answer_any_field(senders: tuple[Sender, Sender], known: Known):
    for rng in rounds(1):
        for route in ROUTES:
            path, sender = address(rng, route, known, odd=0), rng.choice(senders)
            page = sender.send("GET", path)
            named: dict[str, list[str]] = {name: [] for name in rng.sample(NAMES, 6)}
            offered = named | {name: values for form in forms_of(page) for name, values in form.values.items()}
            sender.send("POST", path, **form_body(rng, offered, odd=rng.choice((0.1, 0.5, 1))), headers=_htmx(rng))
    assert_accepted(senders)


def test_pages_answer_any_header_cookie_and_method(senders: tuple[Sender, Sender], known: Known):
    for rng in rounds(5):
        for route in ROUTES:
            method = rng.choice(METHODS) if rng.random() < 0.3 else "GET"
            rng.choice(senders).send(method, address(rng, route, known, odd=0), headers=headers(rng))
    assert_accepted(senders)


def assert_accepted(senders: tuple[Sender, Sender]) -> None:
    for sender in senders:
        assert sender.accepted > 0.2, sender.statuses


def _htmx(rng: random.Random) -> dict[str, str]:
    return {"HX-Request": "true"} if rng.random() < 0.5 else {}
