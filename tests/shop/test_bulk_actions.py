"""Actions on all rows of an admin list: refused beyond what one transaction should change."""

from typing import Any

import pytest
from django.test import Client

from shop.models import Product, Review, User
from tests.factories import ProductFactory, UserFactory, client_with

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_most_two(monkeypatch):
    monkeypatch.setattr("shop.bulk_actions.MAX_CHOSEN", 2, raising=False)


@pytest.fixture
def staff() -> Client:
    names = ("view_review", "moderate_review", "view_product", "change_product", "restock_product")
    return client_with(*names, "view_user", "change_user", "delete_user")


def all_of(client: Client, path: str, action: str, key: Any, **data: str) -> Any:
    """Does an action for all rows of a list, as the link "Select all" does."""
    form = {"action": action, "_selected_action": key, "select_across": "1", "index": "0", **data}
    return client.post(f"/admin/shop/{path}/", form, follow=True)


def reviews(count: int) -> Review:
    product = ProductFactory.create()
    Review.objects.bulk_create(Review(product=product, stars=5, title="So") for _ in range(count))
    return Review.objects.earliest("pk")


@pytest.mark.parametrize(("count", "hidden"), [(2, 2), (3, 0)])
def test_reviews_are_hidden_up_to_the_limit(staff, count, hidden):
    page = all_of(staff, "review", "hide", reviews(count).pk)
    assert Review.objects.filter(is_shown=False).count() == hidden
    assert ("at most 2 rows at once" in page.text) == (not hidden)


@pytest.mark.parametrize(("count", "added"), [(2, 7), (3, 0)])
def test_stock_is_added_to_products_up_to_the_limit(staff, count, added):
    products = ProductFactory.create_batch(count, stock=0)
    all_of(staff, "product", "restock", products[0].pk, pieces="7")
    assert set(Product.objects.values_list("stock", flat=True)) == {added}


def test_accounts_beyond_the_limit_are_not_collected_for_their_deletion(staff):
    users = UserFactory.create_batch(3)
    page = all_of(staff, "user", "delete_selected", users[0].pk)
    assert "at most 2 rows at once" in page.text
    assert User.objects.count() == 4


def test_rows_that_are_chosen_one_by_one_are_changed(staff):
    chosen = [str(reviews(3).pk), str(Review.objects.latest("pk").pk)]
    staff.post("/admin/shop/review/", {"action": "hide", "_selected_action": chosen, "index": "0"})
    assert Review.objects.filter(is_shown=False).count() == 2
