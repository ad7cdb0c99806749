"""Orders remember the language they were placed in."""

from typing import Any

import pytest
from django.test import Client

from orders.models import Order
from tests.api.client import order_body
from tests.factories import ProductFactory
from tests.shop.checkout.page import filled

pytestmark = pytest.mark.django_db(transaction=True)

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}


@pytest.fixture(autouse=True)
def two_languages(settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]


def test_a_german_browser_places_a_german_order():
    lamp, client = ProductFactory.create(), Client(headers=GERMAN)
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 1})
    client.post("/checkout/", filled(client))
    assert Order.objects.get().language == "de"


def test_a_german_api_client_places_a_german_order():
    ProductFactory.create(sku="LAMP")
    Client(headers=GERMAN).post("/api/v1/orders/", order_body("LAMP"), content_type="application/json")
    assert Order.objects.get().language == "de"


def test_an_unsupported_language_falls_back_to_the_default():
    ProductFactory.create(sku="LAMP")
    client = Client(headers={"Accept-Language": "tlh"})
    client.post("/api/v1/orders/", order_body("LAMP"), content_type="application/json")
    assert Order.objects.get().language == "en"
