"""Concurrent reviews of one product all count towards its rating."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from shop.catalogue.reviews.services import withdraw_review, write_review
from shop.models import Product, User
from tests.factories import ProductFactory
from tests.patience import PATIENCE
from tests.shop.reviews.test_services import buyer, rating

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_ratings_all_count():
    product = ProductFactory.create()
    people = [buyer(product) for _ in range(4)]
    for stars in (5, 1, 3):
        _at_once(people, product, stars)
        assert rating(product) == (4, 4 * stars)
    _at_once(people[:2], product, None)
    assert rating(product) == (2, 6)


def _at_once(people: list[User], product: Product, stars: int | None) -> None:
    start = Barrier(len(people))

    def rate(user: User) -> None:
        try:
            start.wait(PATIENCE)
            if stars is None:
                withdraw_review(user=user, product=product)
            else:
                write_review(user=user, product=product, stars=stars, title="So", text="")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(rate, people))
