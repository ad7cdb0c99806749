"""Is stock that is not there, or that nothing explains, told of?"""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from shop.models import Product, StockMovement
from tests.auditing import broken
from tests.factories import ProductFactory, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_constraint() -> Iterator[None]:
    """A database whose own check has been lost, in the test's transaction only."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("ALTER TABLE shop_product DROP CONSTRAINT shop_product_stock_is_never_negative")
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def test_the_database_itself_refuses_negative_stock():
    ProductFactory.create(stock=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.update(stock=-1)


def test_negative_stock_is_told_of(without_constraint: None):
    product = ProductFactory.create(stock=1)
    Product.objects.update(stock=-1)
    assert broken()["stock is never negative"] == f"Product {product.sku} has a stock of -1."


def test_stock_that_its_movements_do_not_explain_is_told_of():
    product = ProductFactory.create(stock=5)
    place(lines=())
    assert broken() == {}
    Product.objects.filter(pk=product.pk).update(stock=4)
    assert product.sku in broken()["stock is the sum of its movements"]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_itself_refuses_to_change_what_moved(change: str):
    ProductFactory.create(stock=5)
    change_it = {"update": lambda rows: rows.update(quantity=6), "delete": lambda rows: rows._raw_delete("default")}
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change_it[change](StockMovement.objects.all())
    assert StockMovement.objects.get().quantity == 5


def test_a_product_that_ever_had_stock_is_not_deleted_with_its_movements():
    product = ProductFactory.create(stock=5)
    with pytest.raises(ProtectedError):
        product.delete()


def test_stock_without_any_movement_is_told_of():
    product = ProductFactory.create(stock=0)
    Product.objects.update(stock=5)
    assert product.sku in broken()["stock is the sum of its movements"]
