"""Concurrent reviews of one product all count towards its rating."""

from functools import partial

import pytest
from django.contrib.admin.models import LogEntry

from shop.catalogue.reviews.services import moderate_reviews, withdraw_review, write_review
from shop.models import Review
from tests.factories import ProductFactory, UserFactory
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


def test_concurrent_clicks_on_hide_are_logged_once():
    product = ProductFactory.create()
    write_review(user=buyer(product), product=product, stars=5, title="So", text="")
    by = UserFactory.create(is_superuser=True)
    hide = partial(moderate_reviews, reviews=Review.objects.all(), shown=False, by=by)
    assert at_once(hide, hide, hide) == [None] * 3
    assert (LogEntry.objects.count(), rating(product)) == (1, (0, 0))
