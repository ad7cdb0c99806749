"""Reviews: eligibility, moderation, and a rating that always matches."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from orders.models import Order
from shop.catalogue.reviews.selectors import PAGE_SIZE, histogram, quotable, reviews_of, with_histogram
from shop.catalogue.reviews.services import NotABuyer, moderate_reviews, publish_examples, withdraw_review, write_review
from shop.checkout.services import LineWanted
from shop.models import Product, Review
from tests.factories import ProductFactory, UserFactory, place

pytestmark = pytest.mark.django_db

SAID = {"stars": 4, "title": "Good", "text": "Does what it says."}


@pytest.fixture
def product():
    return ProductFactory.create(name="Teapot")


def buyer(product: Product, *, status: str = "delivered", **names: str):
    user = UserFactory.create(**names)
    order = place(lines=[LineWanted(sku=product.sku, quantity=1)], user=user)
    Order.objects.filter(pk=order.pk).update(status=status)
    return user


def rating(product: Product) -> tuple[int, int]:
    product.refresh_from_db()
    return product.rating_count, product.rating_sum


@pytest.mark.parametrize("status", ["shipped", "delivered"])
def test_a_buyers_review_references_the_order(product, status):
    user = buyer(product, status=status)
    review = write_review(user=user, product=product, **SAID)
    assert review.order == user.orders.get()
    assert rating(product) == (1, 4)


@pytest.mark.parametrize("status", ["placed", "payment_failed", "paid", "cancelled", "refunded"])
def test_an_unshipped_order_is_not_enough(product, status):
    with pytest.raises(NotABuyer):
        write_review(user=buyer(product, status=status), product=product, **SAID)
    assert not Review.objects.exists()
    assert rating(product) == (0, 0)


def test_another_product_or_another_shopper_is_not_enough(product):
    user = buyer(ProductFactory.create())
    buyer(product)
    with pytest.raises(NotABuyer):
        write_review(user=user, product=product, **SAID)


def test_a_second_review_of_the_same_shopper_changes_the_first(product):
    user = buyer(product)
    write_review(user=user, product=product, **SAID)
    write_review(user=user, product=product, stars=1, title="Broke", text="")
    assert Review.objects.get().title == "Broke"
    assert rating(product) == (1, 1)


def test_the_database_itself_refuses_a_second_review(product):
    user = buyer(product)
    review = write_review(user=user, product=product, **SAID)
    with pytest.raises(IntegrityError):
        Review.objects.create(product=product, user=user, stars=review.stars, title="Again")


def test_a_review_can_still_be_changed_after_a_refund(product):
    user = buyer(product)
    write_review(user=user, product=product, **SAID)
    user.orders.update(status="refunded")
    write_review(user=user, product=product, stars=2, title="Sent back", text="")
    assert rating(product) == (1, 2)


def test_a_deleted_review_leaves_the_rating(product):
    user, other = buyer(product), buyer(product)
    write_review(user=user, product=product, **SAID)
    write_review(user=other, product=product, **SAID | {"stars": 2})
    assert withdraw_review(user=user, product=product)
    assert not withdraw_review(user=user, product=product)
    assert rating(product) == (1, 2)


def test_a_hidden_review_stays_hidden_and_uncounted_when_edited(product, admin_user):
    user = buyer(product)
    write_review(user=user, product=product, **SAID)
    assert moderate_reviews(reviews=Review.objects.all(), shown=False, by=admin_user) == 1
    write_review(user=user, product=product, **SAID | {"stars": 5})
    assert rating(product) == (0, 0)
    assert list(reviews_of(product=product)) == []
    assert quotable() == []
    assert moderate_reviews(reviews=Review.objects.all(), shown=True, by=admin_user) == 1
    assert rating(product) == (1, 5)


def test_moderation_needs_the_permission(product):
    write_review(user=buyer(product), product=product, **SAID)
    with pytest.raises(PermissionDenied):
        moderate_reviews(reviews=Review.objects.all(), shown=False, by=UserFactory.create())
    assert rating(product) == (1, 4)


def test_moderation_takes_a_constant_number_of_statements(product, admin_user, django_assert_max_num_queries):
    products = ProductFactory.create_batch(20)
    publish_examples(reviews=[Review(product=p, author="A", stars=3, title="So") for p in products])
    with django_assert_max_num_queries(12):
        assert moderate_reviews(reviews=Review.objects.all(), shown=False, by=admin_user) == 20


def test_reviews_come_in_pages_newest_first_and_the_bars_add_up(product):
    publish_examples(
        reviews=[Review(product=product, author="A", stars=1 + n % 5, title=f"No {n}") for n in range(PAGE_SIZE + 2)]
    )
    product.refresh_from_db()
    first, second = reviews_of(product=product), reviews_of(product=product, page="2")
    assert [review.title for review in second] == ["No 1", "No 0"]
    assert len(first) == PAGE_SIZE
    bars = histogram(with_histogram(Product.objects.all()).get(pk=product.pk))
    assert [bar.stars for bar in bars] == [5, 4, 3, 2, 1]
    assert sum(bar.count for bar in bars) == product.rating_count == PAGE_SIZE + 2


@pytest.mark.parametrize(
    ("first", "last", "signed"),
    [("Ada", "Lovelace", "Ada L."), ("Ada", "", "Ada"), ("", "", "A buyer"), ("", "Lovelace", "A buyer")],
)
def test_only_the_initial_of_the_last_name_is_shown(product, first, last, signed):
    user = buyer(product, first_name=first, last_name=last)
    assert write_review(user=user, product=product, **SAID).signed == signed


def test_an_erased_shoppers_review_stays_without_the_name(product):
    user = buyer(product, first_name="Ada")
    write_review(user=user, product=product, **SAID)
    user.delete()
    assert Review.objects.get().signed == "A buyer"
    assert rating(product) == (1, 4)
