"""Fixtures of the checkout page: a product, and a shopper with two of it in the basket."""

import pytest

from tests.factories import CategoryFactory, ProductFactory


@pytest.fixture
def lamp():
    return ProductFactory.create(name="Lamp", price=1000, stock=5, category=CategoryFactory.create())


@pytest.fixture
def shopper(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 2})
    return client
