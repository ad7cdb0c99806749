"""A client that sends no cookies back gets another session and basket with each request; they are limited."""

import pytest
from django.contrib.sessions.models import Session

from shop.limits import policy
from shop.models import GuestBasket
from tests.factories import ProductFactory
from tests.shop.limits.doors import member, signed_in, visitor

pytestmark = pytest.mark.django_db(transaction=True)
ONE = "/basket/add/"


@pytest.fixture
def most(monkeypatch):
    monkeypatch.setitem(policy.GUEST_BASKET.limits, "client", policy.Limit(3, 3600))
    return 3


@pytest.fixture
def item():
    return {"sku": ProductFactory.create().sku, "quantity": 1}


@pytest.mark.parametrize("path", ["/basket/add/", "/basket/change/", "/basket/remove/"])
def test_a_client_without_cookies_makes_only_so_many_rows(path: str, most: int, item):
    answers = [visitor(1).post(path, item).status_code for _ in range(most + 2)]
    assert answers == [302] * most + [429] * 2
    assert GuestBasket.objects.count() == Session.objects.count() == most


def test_other_clients_and_shoppers_with_a_basket_go_on(most: int, item):
    shopper = visitor(1)
    for _ in range(most + 1):
        assert shopper.post(ONE, item).status_code == 302
    while visitor(1).post(ONE, item).status_code == 302:
        pass
    assert shopper.post(ONE, item).status_code == 302
    assert visitor(2).post(ONE, item).status_code == 302
    ada = signed_in(member())
    assert [ada.post(ONE, item).status_code for _ in range(most + 1)] == [302] * (most + 1)
