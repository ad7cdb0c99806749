"""Facts about a product's stock, and the list of products that run low."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from shop.checkout.services import LineWanted
from shop.models import Product
from shop.order_pages.services import cancel
from shop.stock import selectors
from shop.stock.services import restock
from tests.delivery import deliver_all, deliver_due
from tests.factories import ProductFactory, place
from tests.query_plans import fill, indexes_preferred

pytestmark = pytest.mark.django_db(transaction=True)


def buy(product: Product, quantity: int = 1, **changes: Any) -> Any:
    return place(lines=[LineWanted(product.sku, quantity)], **changes)


def facts(product: Product, **later: float) -> selectors.Facts:
    product.refresh_from_db()
    movements = selectors.newest_movements(product=product)
    return selectors.facts(product=product, movements=movements, now=timezone.now() + timedelta(**later))


def test_stock_is_held_from_checkout_until_shipment():
    product = ProductFactory.create(stock=50)
    assert facts(product).held == 0
    buy(product, 2)
    assert facts(product).held == 2
    deliver_due(limit=1)  # the charge
    assert facts(product).held == 2
    deliver_all()
    assert facts(product).held == 0


def test_stock_released_by_a_failed_payment_is_not_held():
    product = ProductFactory.create(stock=50)
    buy(product, 2, payment_method="pm_card_declined")
    deliver_due()
    assert facts(product).held == 0
    assert facts(product).sold_in_month == 0


def test_sales_figures_subtract_released_stock():
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
    monkeypatch.setattr(selectors, "MOVEMENTS_SHOWN", 3)
    product = ProductFactory.create(stock=1)
    for quantity in (2, 3, 4, 5):
        restock(quantities={product.pk: quantity})
    assert [movement.quantity for movement in selectors.newest_movements(product=product)] == [5, 4, 3]


# -- low stock --------------------------------------------------------------------------------------------------------


def low() -> list[str]:
    return [product.sku for product in selectors.low_stock(now=timezone.now())]


def test_listed_products_are_low_at_their_own_reorder_level():
    ProductFactory.create(sku="LOW", stock=5)
    ProductFactory.create(sku="FINE", stock=6)
    ProductFactory.create(sku="OWN", stock=40, reorder_level=40)
    ProductFactory.create(sku="NEVER", stock=3, reorder_level=2)
    ProductFactory.create(sku="HIDDEN", stock=1, is_listed=False)
    assert sorted(low()) == ["LOW", "OWN"]


def test_a_new_product_takes_its_reorder_level_from_the_settings(settings: Any):
    settings.SHOP_REORDER_LEVEL = 9
    assert ProductFactory.create(stock=0).reorder_level == 9


def test_a_sale_and_a_restock_cross_the_reorder_level():
    product = ProductFactory.create(stock=6)
    assert low() == []
    buy(product)
    assert low() == [product.sku]
    restock(quantities={product.pk: 1})
    assert low() == []


def test_products_that_run_out_first_come_first_and_unsold_ones_last():
    slow = ProductFactory.create(sku="SLOW", stock=5)
    fast = ProductFactory.create(sku="FAST", stock=25)
    ProductFactory.create(sku="UNSOLD", stock=1)
    ProductFactory.create(sku="GONE", stock=0)
    buy(slow, 1)
    buy(fast, 20)
    assert low() == ["GONE", "FAST", "SLOW", "UNSOLD"]
    fast_row = next(product for product in selectors.low_stock(now=timezone.now()) if product.sku == "FAST")
    assert (fast_row.sold, fast_row.days_left) == (20, pytest.approx(5 * 30 / 20))


def test_the_list_uses_the_low_stock_and_movement_indexes():
    few = [Product(sku=f"S{n}", slug=f"s{n}", name="Lamp", price=1, stock=100) for n in range(2000)]
    fill([*few, Product(sku="LOW", slug="low", name="Lamp", price=1, stock=1)])
    with indexes_preferred():
        plan = selectors.low_stock(now=timezone.now()).explain()
    assert "shop_stockmovement_newest" in plan
    assert "shop_low_stock" in plan
