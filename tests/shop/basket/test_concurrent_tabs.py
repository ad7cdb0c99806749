"""Baskets changed by two tabs at once: none loses what the other has added."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.test import Client

from shop.basket.stores import Store
from shop.models import GuestBasket, SavedBasket
from tests.factories import CategoryFactory, ProductFactory, UserFactory
from tests.patience import wait_for
from tests.races import at_once, is_waited_for, meanwhile

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


def test_a_guest_s_basket_is_ordered_or_merged_into_the_account_s_never_both(skus):
    """The order is placed in another tab while the account's basket is read."""
    UserFactory.create(username="ada", password=make_password("engine"))
    browser, taken = Client(), list[bool]()
    browser.post("/basket/add/", {"sku": skus[0]})
    basket = Store(GuestBasket, key=partial(browser.session.get, "basket_key"), items=None)
    items = basket.read()

    def order() -> None:
        with transaction.atomic():
            taken.append(basket.take(items))

    def order_elsewhere() -> None:
        if connection.vendor == "postgresql":
            ordered.append(pool.submit(at_once, order))
            wait_for(lambda: ordered[0].done() or is_waited_for())
        else:
            order()

    ordered: list[Future[list[Exception | None]]] = []
    with ThreadPoolExecutor(1) as pool, meanwhile(order_elsewhere, table="shop_savedbasket"):
        browser.post("/account/login/", {"username": "ada", "password": "engine"})
    merged = [sku for sku, _quantity, _price in SavedBasket.objects.get().lines]
    assert (taken, merged) in (([True], []), ([False], skus[:1]))
