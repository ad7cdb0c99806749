"""Manual stock changes: permissions, double submission, logging, concurrency with sales."""

from functools import partial
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.invariants import audit
from shop.checkout.services import LineWanted
from shop.models import Product, StockMovement, User
from shop.stock import selectors
from shop.stock.services import OutOfStock, UnknownProduct
from shop.stock.stockroom import CountTooLow, StalePage, correct_stock, receive_goods
from tests.factories import ProductFactory, UserFactory, place
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def clerk(*permissions: str) -> User:
    user: User = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def olga() -> User:
    return clerk("restock_product", "correct_stock")


def stock(product: Product) -> int:
    product.refresh_from_db()
    return product.stock


def buy(product: Product, quantity: int = 1, **changes: Any) -> Any:
    return place(lines=[LineWanted(product.sku, quantity)], **changes)


def count(product: Product, counted: int, *, by: User, seen: int | None = None, reason: str = "stocktaking") -> int:
    known = selectors.newest_movement_id() if seen is None else seen
    return correct_stock(product_id=product.pk, counted=counted, seen=known, reason=reason, by=by)


# -- restocking -------------------------------------------------------------------------------------------------------


def test_received_goods_are_added_with_a_movement_and_logged(olga: User):
    first, second = ProductFactory.create(stock=3), ProductFactory.create(stock=0)
    receive_goods(quantities={first.pk: 5, second.pk: 7}, by=olga)
    assert (stock(first), stock(second)) == (8, 7)
    assert StockMovement.objects.filter(reason="restock", reference=olga.username).count() == 2
    logged = {entry.object_repr: entry.change_message for entry in LogEntry.objects.filter(user=olga)}
    assert logged == {first.name: "5 pieces received", second.name: "7 pieces received"}
    assert audit() == []


@pytest.mark.parametrize("held", [(), ("change_product",), ("correct_stock",)])
def test_restocking_without_permission_is_rejected_by_the_service(held: tuple[str, ...]):
    product = ProductFactory.create(stock=3)
    with pytest.raises(PermissionDenied):
        receive_goods(quantities={product.pk: 5}, by=clerk(*held))
    assert stock(product) == 3
    assert not LogEntry.objects.exists()


def test_a_form_submitted_twice_restocks_once(olga: User):
    product = ProductFactory.create(stock=3)
    seen = selectors.newest_movement_id()
    receive_goods(quantities={product.pk: 5}, by=olga, seen=seen)
    with pytest.raises(StalePage, match="twice") as again:
        receive_goods(quantities={product.pk: 5}, by=olga, seen=seen)
    with pytest.raises(StalePage, match=olga.username) as other:
        receive_goods(quantities={product.pk: 5}, by=clerk("restock_product"), seen=seen)
    assert (again.value.is_repeat, other.value.is_repeat) == (True, False)
    assert stock(product) == 8


def test_a_sale_after_the_page_was_loaded_does_not_block_restocking(olga: User):
    product = ProductFactory.create(stock=3)
    seen = selectors.newest_movement_id()
    buy(product)
    receive_goods(quantities={product.pk: 5}, by=olga, seen=seen)
    assert stock(product) == 7


def test_restocking_takes_a_constant_number_of_statements(olga: User):
    def statements(number: int) -> int:
        products = ProductFactory.create_batch(number, stock=0)
        with CaptureQueriesContext(connection) as captured:
            receive_goods(quantities={p.pk: n for n, p in enumerate(products, 1)}, by=olga, seen=10**6)
        return len(captured)

    statements(1)
    assert statements(2) == statements(40) <= 12


def test_concurrent_submissions_restock_once(olga: User):
    product = ProductFactory.create(stock=3)
    seen = selectors.newest_movement_id()
    add = partial(receive_goods, quantities={product.pk: 5}, by=olga, seen=seen)
    refused = at_once(add, add, add, refusals=(StalePage,))
    assert [type(refusal) for refusal in refused].count(StalePage) == 2
    assert stock(product) == 8
    assert audit() == []


# -- counting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counted", "difference"), [(7, -3), (12, 2), (0, -10)])
def test_a_count_records_its_difference_with_reason_and_user(olga: User, counted: int, difference: int):
    product = ProductFactory.create(stock=10)
    assert count(product, counted, by=olga, reason="three were broken") == difference
    assert stock(product) == counted
    movement = product.movements.get(reason="correction")
    assert (movement.quantity, movement.reference, movement.note) == (difference, olga.username, "three were broken")
    assert LogEntry.objects.get().change_message == f"{counted} pieces counted: {difference:+d}. three were broken"
    assert audit() == []


def test_a_matching_count_is_logged_without_a_movement(olga: User):
    product = ProductFactory.create(stock=10)
    assert count(product, 10, by=olga) == 0
    assert not product.movements.filter(reason="correction").exists()
    assert LogEntry.objects.get().change_message == "10 pieces counted: +0. stocktaking"


def test_sales_during_a_count_are_accounted_for(olga: User):
    product = ProductFactory.create(stock=10)
    seen = selectors.newest_movement_id()
    buy(product, 4)
    assert count(product, 9, by=olga, seen=seen) == -1
    assert stock(product) == 5


def test_a_shortfall_cannot_exceed_the_available_stock(olga: User):
    product = ProductFactory.create(stock=10)
    seen = selectors.newest_movement_id()
    buy(product, 8)
    with pytest.raises(CountTooLow) as refused:
        count(product, 5, by=olga, seen=seen)
    assert (refused.value.left, refused.value.missing) == (2, 5)
    assert stock(product) == 2
    assert not LogEntry.objects.exists()


def test_a_second_count_from_the_same_page_is_rejected(olga: User):
    product = ProductFactory.create(stock=10)
    seen = selectors.newest_movement_id()
    count(product, 7, by=olga, seen=seen)
    with pytest.raises(StalePage):
        count(product, 7, by=olga, seen=seen)
    assert stock(product) == 7


@pytest.mark.parametrize(("counted", "reason"), [(-1, "why"), (3, ""), (3, "  ")])
def test_a_negative_count_or_one_without_a_reason_is_rejected(olga: User, counted: int, reason: str):
    product = ProductFactory.create(stock=10)
    with pytest.raises(ValueError, match="needs a count"):
        count(product, counted, by=olga, reason=reason)
    assert stock(product) == 10


def test_an_unknown_product_cannot_be_counted(olga: User):
    with pytest.raises(UnknownProduct):
        correct_stock(product_id=999_999, counted=1, seen=0, reason="why", by=olga)


@pytest.mark.parametrize("held", [(), ("change_product",), ("restock_product",)])
def test_correcting_without_permission_is_rejected_by_the_service(held: tuple[str, ...]):
    product = ProductFactory.create(stock=10)
    with pytest.raises(PermissionDenied):
        count(product, 3, by=clerk(*held))
    assert stock(product) == 10


def test_a_count_concurrent_with_sales_loses_none_of_them(olga: User):
    product = ProductFactory.create(stock=20)
    seen = selectors.newest_movement_id()
    correct = partial(count, product, 17, by=olga, seen=seen)
    refused = at_once(*[partial(buy, product, 2) for _ in range(5)], correct, refusals=(OutOfStock,))
    assert refused == [None] * 6
    assert stock(product) == 20 - 3 - 10
    assert product.movements.get(reason="correction").quantity == -3
    assert audit() == []


def test_a_count_concurrent_with_the_last_sales_never_makes_stock_negative(olga: User):
    for _ in range(5):
        product = ProductFactory.create(stock=3)
        seen = selectors.newest_movement_id()
        sales = [partial(buy, product) for _ in range(3)]
        at_once(*sales, partial(count, product, 1, by=olga, seen=seen), refusals=(OutOfStock, CountTooLow))
        assert stock(product) >= 0
    assert audit() == []
