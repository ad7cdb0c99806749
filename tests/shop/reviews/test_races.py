"""Concurrent reviews of one product all count towards its rating."""

from functools import partial

import pytest

from shop.catalogue.reviews.services import withdraw_review, write_review
from tests.factories import ProductFactory
from tests.races import at_once
from tests.shop.reviews.test_services import buyer, rating

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_ratings_all_count():
    product = ProductFactory.create()
    people = [buyer(product) for _ in range(4)]
    for stars in (5, 1, 3):
        rate = partial(write_review, product=product, stars=stars, title="So", text="")
        at_once(*(partial(rate, user=user) for user in people))
        assert rating(product) == (4, 4 * stars)
    at_once(*(partial(withdraw_review, product=product, user=user) for user in people[:2]))
    assert rating(product) == (2, 6)
