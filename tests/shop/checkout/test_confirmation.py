"""What is ordered is what the page showed: once, at its prices and dates, and as no other tab has changed it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.checkout import idempotency, services, views
from shop.models import Product
from tests.factories import ProductFactory
from tests.shop.checkout.page import ANSWERS, filled, hidden, text

pytestmark = pytest.mark.django_db


def meanwhile(monkeypatch, act) -> None:
    """`act` between the next request's reading of its basket and its transaction."""
    checkout = services.checkout

    def late(**arguments):
        monkeypatch.setattr(services, "checkout", checkout)
        act()
        return checkout(**arguments)

    monkeypatch.setattr(services, "checkout", late)


def test_concurrent_clicks_place_one_order(shopper, monkeypatch):
    """The other request has read the basket, too, when one takes the last items."""
    form = filled(shopper)
    Product.objects.update(stock=2)
    answers = []

    meanwhile(monkeypatch, lambda: answers.append(shopper.post("/checkout/", form)))
    answers.append(shopper.post("/checkout/", form))
    first, second = answers
    assert first.url == second.url
    assert Order.objects.count() == 1


@pytest.mark.parametrize(("module", "read"), [(idempotency, "order_placed_with"), (views, "basket_of")])
def test_a_click_that_ends_between_two_reads_of_the_next_shows_the_order(shopper, monkeypatch, module, read):
    form, answers, original = filled(shopper), [], getattr(module, read)

    def interrupted(*arguments):
        monkeypatch.setattr(module, read, original)
        found = original(*arguments)
        answers.append(shopper.post("/checkout/", form))
        return found

    monkeypatch.setattr(module, read, interrupted)
    answers.append(shopper.post("/checkout/", form))
    assert [answer.url for answer in answers] == [f"/orders/{Order.objects.get().public_id}/"] * 2


def test_the_basket_is_taken_before_the_stock(shopper):
    """Closing an account takes the basket, then the account; a review locks the account, then its product."""
    form = filled(shopper)
    with CaptureQueriesContext(connection) as captured:
        shopper.post("/checkout/", form)
    locks = [query["sql"] for query in captured if "UPDATE" in query["sql"]]
    assert "shop_guestbasket" in locks[0]
    assert any("shop_product" in lock for lock in locks)


def test_a_changed_price_is_shown_before_it_is_charged(shopper):
    form = filled(shopper)
    Product.objects.update(price=1500)
    page = text(shopper.post("/checkout/", form))
    assert "check the new total" in page
    assert "€30.00" in page
    assert Order.objects.count() == 0
    shopper.post("/checkout/", ANSWERS | hidden(page))
    assert Order.objects.get().total == 3000


def test_other_lines_of_the_same_total_are_shown_before_they_are_ordered(shopper, lamp):
    """Another tab has swapped two lamps at 10 for one chair at 20."""
    form = filled(shopper)
    chair = ProductFactory.create(name="Chair", price=2000, stock=5, category=lamp.category)
    shopper.post("/basket/remove/", {"sku": lamp.sku})
    shopper.post("/basket/add/", {"sku": chair.sku})
    page = text(shopper.post("/checkout/", form))
    assert "check the new total" in page
    assert Order.objects.count() == 0
    shopper.post("/checkout/", ANSWERS | hidden(page))
    assert [line.sku for line in Order.objects.get().lines.all()] == [chair.sku]


def test_another_price_or_date_of_delivery_is_shown_before_it_is_ordered(shopper, settings):
    form = filled(shopper, shipping_method="express")
    settings.SHOP_EXPRESS_PRICE += 100
    page = text(shopper.post("/checkout/", form))
    assert "check the new total" in page
    settings.SHIPPING_WORKING_DAYS = {"standard": (5, 6), "express": (3, 3)}
    assert "delivery date has changed" in text(shopper.post("/checkout/", form | hidden(page)))
    assert Order.objects.count() == 0


def test_a_basket_that_another_tab_changes_during_checkout_is_not_ordered(shopper, lamp, monkeypatch):
    form, tab = filled(shopper), Client()
    tab.cookies = shopper.cookies

    meanwhile(monkeypatch, lambda: tab.post("/basket/change/", {"sku": lamp.sku, "quantity": 1}))
    page = text(shopper.post("/checkout/", form))
    assert "check the new total" in page
    assert "€10.00" in page
    assert (Order.objects.count(), Product.objects.get(pk=lamp.pk).stock) == (0, 5)


def test_a_form_submitted_twice_places_one_order(shopper):
    form = filled(shopper)
    first, second = shopper.post("/checkout/", form), shopper.post("/checkout/", form)
    assert first.url == second.url
    assert Order.objects.count() == 1


def test_going_back_after_a_change_places_no_second_order(shopper, lamp):
    form = filled(shopper)
    first = shopper.post("/checkout/", form)
    shopper.post("/basket/add/", {"sku": lamp.sku})
    again = shopper.post("/checkout/", form | {"city": "Paris"}, follow=True)
    assert again.redirect_chain[0][0] == first.url
    assert "already placed this order" in text(again)
    assert Order.objects.count() == 1


def test_two_intended_orders_are_two(shopper, lamp):
    shopper.post("/checkout/", filled(shopper))
    shopper.post("/basket/add/", {"sku": lamp.sku})
    shopper.post("/checkout/", filled(shopper))
    assert Order.objects.count() == 2
