"""Saved baskets: merged at sign-in, shared across devices."""

import pytest
from django.test import Client

from shop.basket.services import MAX_LINES
from shop.models import SavedBasket
from tests.factories import CategoryFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp():
    return ProductFactory.create(name="Lamp", stock=20, category=CategoryFactory.create())


@pytest.fixture
def ada():
    user = UserFactory.create(username="ada")
    user.set_password("engine")
    user.save()
    return user


def sign_in(client, **data) -> None:
    answer = client.post("/account/login/", {"username": "ada", "password": "engine", **data})
    assert answer.status_code == 302


def page(client) -> str:
    return client.get("/basket/").content.decode()


def test_the_basket_survives_signing_in(client, ada, lamp):
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 3})
    sign_in(client)
    assert 'value="3"' in page(client)
    assert "was merged with your saved one" not in page(client)


def test_the_basket_survives_signing_out_and_follows_to_another_device(client, ada, lamp):
    sign_in(client)
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 3})
    client.post("/account/logout/")
    assert "Your basket is empty" in page(client)
    sign_in(client)
    assert 'value="3"' in page(client)

    phone = Client()
    sign_in(phone)
    phone.post("/basket/change/", {"sku": lamp.sku, "quantity": 7})
    assert 'value="7"' in page(client)


def test_baskets_are_merged_and_the_shopper_is_notified(client, ada, lamp):
    chair, desk = ProductFactory.create_batch(2, category=lamp.category)
    lines = [[lamp.sku, 5, lamp.price], [chair.sku, 1, chair.price], [desk.sku, 2, desk.price]]
    SavedBasket.objects.create(user=ada, lines=lines)
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 3})
    client.post("/basket/add/", {"sku": chair.sku, "quantity": 4})
    sign_in(client)
    assert "was merged with your saved one" in page(client)
    kept = {sku: quantity for sku, quantity, _price in SavedBasket.objects.get().lines}
    assert kept == {lamp.sku: 5, chair.sku: 4, desk.sku: 2}


def test_merging_respects_the_line_limit(client, ada, lamp):
    SavedBasket.objects.create(user=ada, lines=[[f"old-{n}", 1, 100] for n in range(MAX_LINES)])
    client.post("/basket/add/", {"sku": lamp.sku})
    sign_in(client)
    assert len(SavedBasket.objects.get().lines) == MAX_LINES


def test_a_changed_price_is_pointed_out_after_sign_in(client, ada, lamp):
    SavedBasket.objects.create(user=ada, lines=[[lamp.sku, 1, lamp.price - 100]])
    sign_in(client)
    assert "The price changed from" in page(client)


def test_baskets_are_isolated_per_shopper(client, ada, lamp):
    SavedBasket.objects.create(user=ada, lines=[[lamp.sku, 1, lamp.price]])
    client.force_login(UserFactory.create())
    assert "Your basket is empty" in page(client)
