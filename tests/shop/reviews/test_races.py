"""Concurrent reviews of one product all count towards its rating."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction

from shop.accounts.closing import close_account
from shop.catalogue.reviews.services import NotABuyer, moderate_reviews, withdraw_review, write_review
from shop.models import Product, ReturnStatus, Review, User
from tests.factories import ProductFactory, UserFactory
from tests.patience import wait_for
from tests.races import at_once, beside, is_waited_for, meanwhile
from tests.shop.accounts.erasing import deliver_slices
from tests.shop.returns.returned import delivered, receive, requested
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


def test_a_review_and_the_erasure_of_its_author_at_once_wait_for_each_other():
    for _round in range(3):
        product = ProductFactory.create()
        user = buyer(product)
        write = partial(write_review, user=user, product=product, stars=5, title="So", text="")
        at_once(write, partial(close_account, user=user), refusals=(User.DoesNotExist, NotABuyer))
        deliver_slices()
        assert not User.objects.filter(pk=user.pk).exists()
        assert rating(product)[0] == Review.objects.filter(product=product).count()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_review_that_is_written_while_another_tab_withdraws_it_refers_to_its_order_all_the_same():
    """The first statement of the other tab comes once this one has found the review that is there."""
    product = ProductFactory.create()
    user = buyer(product)
    write_review(user=user, product=product, stars=5, title="So", text="")
    with ThreadPoolExecutor(1) as pool, meanwhile(lambda: _withdraw(pool, user, product), table="shop_review"):
        write_review(user=user, product=product, stars=4, title="So", text="")
    assert all(Review.objects.values_list("order", flat=True))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_review_and_the_receipt_of_what_was_sent_back_do_not_wait_for_each_other():
    """Who receives it has the order and needs the product; the review has the product and refers to the order."""
    user = UserFactory.create()
    found = requested(delivered(user=user))
    product = Product.objects.get(sku=found.lines.select_related("order_line")[0].order_line.sku)
    with beside(partial(receive, found), before='SELECT "shop_product"') as proceed, transaction.atomic():
        write_review(user=user, product=product, stars=4, title="So", text="")
        proceed()
    found.refresh_from_db()
    assert (found.status, rating(product)) == (ReturnStatus.RECEIVED, (1, 4))


def _withdraw(pool: ThreadPoolExecutor, user: User, product: Product) -> None:
    """As far as it comes before it waits for the caller's transaction."""
    withdrawn = pool.submit(at_once, partial(withdraw_review, user=user, product=product))
    wait_for(lambda: withdrawn.done() or is_waited_for())
