"""Stock invariants and the database constraints behind them."""

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
    """A database without the check constraint, within the test's transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("ALTER TABLE shop_product DROP CONSTRAINT shop_product_stock_is_never_negative")
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def test_the_database_rejects_negative_stock():
    ProductFactory.create(stock=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.update(stock=-1)


def test_negative_stock_is_reported(without_constraint: None):
    product = ProductFactory.create(stock=1)
    Product.objects.update(stock=-1)
    assert broken()["stock is never negative"] == f"Product {product.sku} has a stock of -1."


def test_stock_that_differs_from_its_movements_is_reported():
    product = ProductFactory.create(stock=5)
    place(lines=())
    assert broken() == {}
    Product.objects.filter(pk=product.pk).update(stock=4)
    assert product.sku in broken()["stock is the sum of its movements"]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_rejects_changes_to_movements(change: str):
    ProductFactory.create(stock=5)
    change_it = {"update": lambda rows: rows.update(quantity=6), "delete": lambda rows: rows._raw_delete("default")}
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change_it[change](StockMovement.objects.all())
    assert StockMovement.objects.get().quantity == 5


def test_a_product_with_movements_cannot_be_deleted():
    product = ProductFactory.create(stock=5)
    with pytest.raises(ProtectedError):
        product.delete()


def test_stock_without_any_movement_is_reported():
    product = ProductFactory.create(stock=0)
    Product.objects.update(stock=5)
    assert product.sku in broken()["stock is the sum of its movements"]
