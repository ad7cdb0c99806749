"""The home page's products."""

import pytest

from shop.catalogue.home_page import home_page
from shop.models import Product
from tests.factories import ProductFactory
from tests.query_plans import fill, plans_of

pytestmark = pytest.mark.django_db


def test_almost_gone_are_those_that_run_low_and_are_not_sold_out():
    for stock, level in ((0, 5), (3, 5), (1, 5), (5, 2), (6, 9)):
        ProductFactory(stock=stock, reorder_level=level, sku=f"S-{stock}")

    assert [product.sku for product in home_page().almost_gone] == ["S-1", "S-3"]


def test_almost_gone_are_found_by_the_index_of_what_runs_low():
    fill([Product(sku=f"S{n}", slug=f"s{n}", name="Lamp", price=1, stock=100) for n in range(2000)])
    with plans_of(r"BETWEEN") as plans:
        home_page()
    assert len(plans) == 1
    assert "shop_low_stock" in plans[0]
