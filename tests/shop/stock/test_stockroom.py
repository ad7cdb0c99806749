"""Is stock changed by hand once, by whom who may, with its reason kept, and beside a sale at the same moment?"""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.invariants import audit
from shop.checkout.services import LineWanted
from shop.models import Product, StockMovement, User
from shop.order_pages.services import cancel
from shop.stock import selectors as inventory
from shop.stock.services import OutOfStock, UnknownProduct, restock
from shop.stock.stockroom import CountTooLow, SeenBefore, correct_stock, receive_goods
from tests.delivery import deliver_all, deliver_due
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
    known = inventory.newest_movement() if seen is None else seen
    return correct_stock(product_id=product.pk, counted=counted, seen=known, reason=reason, by=by)


# -- restocking -------------------------------------------------------------------------------------------------------


def test_what_came_in_is_added_with_a_movement_and_logged(olga: User):
    first, second = ProductFactory.create(stock=3), ProductFactory.create(stock=0)
    receive_goods(quantities={first.pk: 5, second.pk: 7}, by=olga)
    assert (stock(first), stock(second)) == (8, 7)
    assert StockMovement.objects.filter(reason="restock", reference=olga.username).count() == 2
    logged = {entry.object_repr: entry.change_message for entry in LogEntry.objects.filter(user=olga)}
    assert logged == {first.name: "5 pieces came in", second.name: "7 pieces came in"}
    assert audit() == []


@pytest.mark.parametrize("held", [(), ("change_product",), ("correct_stock",)])
def test_who_may_not_restock_is_refused_by_the_service(held: tuple[str, ...]):
    product = ProductFactory.create(stock=3)
    with pytest.raises(PermissionDenied):
        receive_goods(quantities={product.pk: 5}, by=clerk(*held))
    assert stock(product) == 3
    assert not LogEntry.objects.exists()


def test_a_second_click_adds_nothing(olga: User):
    product = ProductFactory.create(stock=3)
    seen = inventory.newest_movement()
    receive_goods(quantities={product.pk: 5}, by=olga, seen=seen)
    with pytest.raises(SeenBefore, match=olga.username):
        receive_goods(quantities={product.pk: 5}, by=olga, seen=seen)
    assert stock(product) == 8


def test_a_sale_since_the_page_was_opened_is_no_reason_to_refuse(olga: User):
    product = ProductFactory.create(stock=3)
    seen = inventory.newest_movement()
    buy(product)
    receive_goods(quantities={product.pk: 5}, by=olga, seen=seen)
    assert stock(product) == 7


def test_many_products_are_restocked_in_a_number_of_statements_that_does_not_grow(olga: User):
    def statements(number: int) -> int:
        products = ProductFactory.create_batch(number, stock=0)
        with CaptureQueriesContext(connection) as captured:
            receive_goods(quantities={p.pk: n for n, p in enumerate(products, 1)}, by=olga, seen=10**6)
        return len(captured)

    statements(1)
    assert statements(2) == statements(40) <= 12


def test_two_clicks_at_the_same_moment_are_one_restock(olga: User):
    product = ProductFactory.create(stock=3)
    seen = inventory.newest_movement()
    add = partial(receive_goods, quantities={product.pk: 5}, by=olga, seen=seen)
    refused = at_once(add, add, add, refusals=(SeenBefore,))
    assert [type(refusal) for refusal in refused].count(SeenBefore) == 2
    assert stock(product) == 8
    assert audit() == []


# -- counting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counted", "difference"), [(7, -3), (12, 2), (0, -10)])
def test_a_count_writes_its_difference_with_the_reason_and_who(olga: User, counted: int, difference: int):
    product = ProductFactory.create(stock=10)
    assert count(product, counted, by=olga, reason="three were broken") == difference
    assert stock(product) == counted
    movement = product.movements.get(reason="correction")
    assert (movement.quantity, movement.reference, movement.note) == (difference, olga.username, "three were broken")
    assert LogEntry.objects.get().change_message == f"{counted} pieces counted: {difference:+d}. three were broken"
    assert audit() == []


def test_a_count_that_agrees_moves_nothing_and_is_logged(olga: User):
    product = ProductFactory.create(stock=10)
    assert count(product, 10, by=olga) == 0
    assert not product.movements.filter(reason="correction").exists()
    assert LogEntry.objects.get().change_message == "10 pieces counted: +0. stocktaking"


def test_what_was_sold_while_somebody_counted_is_no_difference(olga: User):
    product = ProductFactory.create(stock=10)
    seen = inventory.newest_movement()
    buy(product, 4)
    assert count(product, 9, by=olga, seen=seen) == -1
    assert stock(product) == 5


def test_more_cannot_be_missing_than_is_left_for_sale(olga: User):
    product = ProductFactory.create(stock=10)
    seen = inventory.newest_movement()
    buy(product, 8)
    with pytest.raises(CountTooLow) as refused:
        count(product, 5, by=olga, seen=seen)
    assert (refused.value.left, refused.value.missing) == (2, 5)
    assert stock(product) == 2
    assert not LogEntry.objects.exists()


def test_a_second_count_of_the_same_moment_is_refused(olga: User):
    product = ProductFactory.create(stock=10)
    seen = inventory.newest_movement()
    count(product, 7, by=olga, seen=seen)
    with pytest.raises(SeenBefore):
        count(product, 7, by=olga, seen=seen)
    assert stock(product) == 7


@pytest.mark.parametrize(("counted", "reason"), [(-1, "why"), (3, ""), (3, "  ")])
def test_a_count_below_nothing_or_without_a_reason_is_refused(olga: User, counted: int, reason: str):
    product = ProductFactory.create(stock=10)
    with pytest.raises(ValueError, match="has a count"):
        count(product, counted, by=olga, reason=reason)
    assert stock(product) == 10


def test_a_product_that_is_not_there_cannot_be_counted(olga: User):
    with pytest.raises(UnknownProduct):
        correct_stock(product_id=999_999, counted=1, seen=0, reason="why", by=olga)


@pytest.mark.parametrize("held", [(), ("change_product",), ("restock_product",)])
def test_who_may_not_correct_is_refused_by_the_service(held: tuple[str, ...]):
    product = ProductFactory.create(stock=10)
    with pytest.raises(PermissionDenied):
        count(product, 3, by=clerk(*held))
    assert stock(product) == 10


def test_a_count_beside_sales_at_the_same_moment_loses_none_of_them(olga: User):
    product = ProductFactory.create(stock=20)
    seen = inventory.newest_movement()
    correct = partial(count, product, 17, by=olga, seen=seen)
    refused = at_once(*[partial(buy, product, 2) for _ in range(5)], correct, refusals=(OutOfStock,))
    assert refused == [None] * 6
    assert stock(product) == 20 - 3 - 10
    assert product.movements.get(reason="correction").quantity == -3
    assert audit() == []


def test_a_count_beside_sales_of_the_last_pieces_never_goes_below_nothing(olga: User):
    for _ in range(5):
        product = ProductFactory.create(stock=3)
        seen = inventory.newest_movement()
        sales = [partial(buy, product) for _ in range(3)]
        at_once(*sales, partial(count, product, 1, by=olga, seen=seen), refusals=(OutOfStock, CountTooLow))
        assert stock(product) >= 0
    assert audit() == []


# -- what is known of a product ---------------------------------------------------------------------------------------


def facts(product: Product, **later: float) -> inventory.Facts:
    product.refresh_from_db()
    movements = inventory.newest_movements(product=product)
    return inventory.facts(product=product, movements=movements, now=timezone.now() + timedelta(**later))


def test_goods_are_held_from_checkout_until_they_leave():
    product = ProductFactory.create(stock=50)
    assert facts(product).held == 0
    buy(product, 2)
    assert facts(product).held == 2
    deliver_due(limit=1)  # the charge
    assert facts(product).held == 2
    deliver_all()
    assert facts(product).held == 0


def test_what_a_failed_payment_put_back_is_not_held():
    product = ProductFactory.create(stock=50)
    buy(product, 2, payment_method="pm_card_declined")
    deliver_due()
    assert facts(product).held == 0
    assert facts(product).sold_in_month == 0


def test_sales_of_a_week_and_a_month_are_less_what_came_back():
    product = ProductFactory.create(stock=100)
    buy(product, 6)
    cancelled = buy(product, 9)
    cancel(order=cancelled)
    known = facts(product)
    assert (known.sold_in_week, known.sold_in_month, known.stock) == (6, 6, 94)
    assert known.days == pytest.approx(94 * 30 / 6)
    assert (facts(product, days=8).sold_in_week, facts(product, days=8).sold_in_month) == (0, 6)
    assert (facts(product, days=31).sold_in_month, facts(product, days=31).days) == (0, None)


def test_the_movements_shown_are_the_newest_and_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inventory, "MOVEMENTS_SHOWN", 3)
    product = ProductFactory.create(stock=1)
    for quantity in (2, 3, 4, 5):
        restock(quantities={product.pk: quantity})
    assert [movement.quantity for movement in inventory.newest_movements(product=product)] == [5, 4, 3]


# -- what runs low ----------------------------------------------------------------------------------------------------


def low() -> list[str]:
    return [product.sku for product in inventory.low_stock(now=timezone.now())]


def test_goods_run_low_at_their_own_level_and_only_where_they_are_listed():
    ProductFactory.create(sku="LOW", stock=5)
    ProductFactory.create(sku="FINE", stock=6)
    ProductFactory.create(sku="OWN", stock=40, reorder_level=40)
    ProductFactory.create(sku="NEVER", stock=3, reorder_level=2)
    ProductFactory.create(sku="HIDDEN", stock=1, is_listed=False)
    assert sorted(low()) == ["LOW", "OWN"]


def test_a_new_product_has_the_level_of_the_settings(settings: Any):
    settings.SHOP_REORDER_LEVEL = 9
    assert ProductFactory.create(stock=0).reorder_level == 9


def test_a_sale_and_a_restock_move_goods_over_the_line_and_back():
    product = ProductFactory.create(stock=6)
    assert low() == []
    buy(product)
    assert low() == [product.sku]
    restock(quantities={product.pk: 1})
    assert low() == []


def test_those_that_last_shortest_come_first_and_those_that_nobody_buys_last():
    slow = ProductFactory.create(sku="SLOW", stock=5)
    fast = ProductFactory.create(sku="FAST", stock=25)
    ProductFactory.create(sku="UNSOLD", stock=1)
    ProductFactory.create(sku="GONE", stock=0)
    buy(slow, 1)
    buy(fast, 20)
    assert low() == ["GONE", "FAST", "SLOW", "UNSOLD"]
    fast_row = next(product for product in inventory.low_stock(now=timezone.now()) if product.sku == "FAST")
    assert (fast_row.sold, fast_row.days_left) == (20, pytest.approx(5 * 30 / 20))


def test_the_list_reads_the_index_of_low_goods_and_the_sales_of_these_only():
    """The planner prefers reading a small table whole, so that is forbidden here; the indexes must fit the question."""
    few = [Product(sku=f"S{n}", slug=f"s{n}", name="Lamp", price=1, stock=100) for n in range(2000)]
    Product.objects.bulk_create([*few, Product(sku="LOW", slug="low", name="Lamp", price=1, stock=1)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
        plan = inventory.low_stock(now=timezone.now()).explain()
        if connection.vendor == "postgresql":
            cursor.execute("RESET enable_seqscan")
    assert "shop_stockmovement_newest" in plan
    assert "shop_low_stock" in plan
