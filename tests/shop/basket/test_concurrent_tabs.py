"""Baskets changed by two tabs at once: none loses what the other has added."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from shop.models import GuestBasket, SavedBasket
from tests.factories import CategoryFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
TABS = 4


def add_at_once(browser: Client, skus: list[str]) -> None:
    """Each SKU from a tab of its own, which has the browser's cookies."""
    barrier = Barrier(len(skus))

    def add(sku: str) -> None:
        tab = Client()
        tab.cookies.load({name: cookie.value for name, cookie in browser.cookies.items()})
        barrier.wait()
        try:
            assert tab.post("/basket/add/", {"sku": sku}).status_code == 302
        finally:
            connection.close()
        browser.cookies.update(tab.cookies)

    with ThreadPoolExecutor(len(skus)) as pool:
        list(pool.map(add, skus))


@pytest.fixture
def skus():
    return [product.sku for product in ProductFactory.create_batch(TABS, category=CategoryFactory.create())]


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_guest_s_first_and_later_additions_are_all_kept(skus, earlier):
    browser = Client()
    browser.get("/account/login/")  # any page with a form sets the CSRF cookie
    for sku in skus[:earlier]:
        browser.post("/basket/add/", {"sku": sku})
    add_at_once(browser, skus)
    (basket,) = GuestBasket.objects.all()
    assert {sku: quantity for sku, quantity, _price in basket.lines} == dict.fromkeys(skus, 1) | dict.fromkeys(
        skus[:earlier], 2
    )
    assert browser.session["basket_key"] == basket.pk


def test_an_account_s_additions_are_all_kept(skus):
    browser = Client()
    browser.force_login(UserFactory.create())
    add_at_once(browser, skus)
    assert sorted(sku for sku, _quantity, _price in SavedBasket.objects.get().lines) == sorted(skus)
