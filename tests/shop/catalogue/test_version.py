"""The catalogue's version: every visible change counts, whoever makes it, and no transaction waits for another."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F

from shop.catalogue.reviews.services import publish_examples
from shop.catalogue.version import catalogue_version, triggers
from shop.catalogue.views import LARGEST_CHOICE
from shop.models import CatalogueStamp, Category, CategoryText, Product, ProductText, Review, User
from shop.stock.services import FEW_LEFT, restock
from tests.factories import CategoryFactory, ProductFactory, UserFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db

on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL")


@pytest.fixture
def product():
    product = ProductFactory.create(category=CategoryFactory.create(), stock=50)
    review = Review(product=product, user=UserFactory.create(first_name="Ada"), stars=5, title="Good", text="So good")
    publish_examples(reviews=[review])
    ProductText.objects.create(product=product, language="de", name="Stuhl")
    CategoryText.objects.create(category=product.category, language="de", name="Möbel")
    return product


def save(product):
    product.price = 1
    product.save()


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def of(product):
    return Product.objects.filter(pk=product.pk)


CHANGES = {
    "saved": save,
    "price": lambda product: of(product).update(price=1),
    "currency": lambda product: of(product).update(currency="JPY"),
    "image": lambda product: of(product).update(image="shop/products/teapot.webp"),
    "delisted": lambda product: of(product).update(is_listed=False),
    "raw SQL": lambda product: run("UPDATE shop_product SET name = 'Sofa'"),
    "bulk update": lambda product: Product.objects.bulk_update([Product(pk=product.pk, name="Sofa")], ["name"]),
    "bulk create": lambda product: Product.objects.bulk_create([Product(sku="N", slug="n", name="New", price=1)]),
    "bulk create, conflicts ignored": lambda product: Product.objects.bulk_create(
        [Product(sku="N", slug="n", name="New", price=1)], ignore_conflicts=True
    ),
    "reorder level": lambda product: of(product).update(reorder_level=7),
    "few left": lambda product: of(product).update(stock=FEW_LEFT),
    "sold out": lambda product: of(product).update(stock=0),
    "translated": lambda product: ProductText.objects.update(name="Sessel"),
    "translation deleted": lambda product: ProductText.objects.all().delete(),
    "category": lambda product: Category.objects.update(name="Chairs"),
    "category translated": lambda product: CategoryText.objects.update(name="Stühle"),
    "review hidden": lambda product: Review.objects.update(is_shown=False),
    "review deleted": lambda product: Review.objects.all().delete(),
    "reviewer renamed": lambda product: User.objects.update(first_name="Bea"),
    "reviewer deleted": lambda product: product.reviews.get().user.delete(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_visible_change_changes_the_version(product, change):
    before = catalogue_version()
    change(product)
    assert catalogue_version() != before


def test_what_nobody_sees_does_not_change_the_version(product):
    before = catalogue_version()
    UserFactory.create(last_name="Byron")
    User.objects.update(email="")
    assert catalogue_version() == before


@on_postgresql
def test_a_sale_that_leaves_the_shown_stock_as_it_was_does_not_change_the_version(product):
    before = catalogue_version()
    of(product).update(stock=triggers.SHOWN_STOCK)
    restock(quantities={product.pk: 5})
    assert catalogue_version() == before
    of(product).update(stock=triggers.SHOWN_STOCK - 1)
    assert catalogue_version() != before


def test_pages_show_no_exact_stock_beyond_what_the_triggers_compare():
    assert max(LARGEST_CHOICE, FEW_LEFT) <= triggers.SHOWN_STOCK


def test_a_rollback_brings_the_version_back(product):
    before = catalogue_version()
    with transaction.atomic():
        of(product).update(price=1)
        assert catalogue_version() != before
        transaction.set_rollback(True)
    assert catalogue_version() == before


def test_an_update_of_many_products_replaces_one_stamp(product):
    ProductFactory.create_batch(20)
    Product.objects.update(price=3)
    assert CatalogueStamp.objects.count() == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_change_does_not_wait_for_the_commit_of_another_one():
    one, other = ProductFactory.create(), ProductFactory.create()
    seen = [catalogue_version()]

    def change_other():
        with transaction.atomic():
            run("SET LOCAL lock_timeout = '1ms'")
            of(other).update(price=2)
        seen.append(catalogue_version())

    with transaction.atomic():
        of(one).update(price=2)
        assert at_once(change_other) == [None]
    assert len({*seen, catalogue_version()}) == 3
    assert CatalogueStamp.objects.count() == 2
    for _ in range(5):
        of(one).update(price=of(one).get().price + 1)
    assert CatalogueStamp.objects.count() == 2


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_locks_one_stamp():
    one, other = ProductFactory.create(), ProductFactory.create()
    with transaction.atomic():
        for price in range(10):
            for _ in range(50):
                of(one).update(price=F("price") + 1)
            assert at_once(lambda price=price: of(other).update(price=price)) == [None]
    assert CatalogueStamp.objects.count() == 2


@on_postgresql
def test_stamps_that_piled_up_are_replaced_by_a_new_one(product):
    CatalogueStamp.objects.bulk_create(CatalogueStamp(stamp=str(n)) for n in range(100))
    before = set(CatalogueStamp.objects.values_list("stamp", flat=True))
    migration = import_module("shop.migrations.0005_catalogue_stamps")
    with connection.schema_editor() as editor:
        migration.update(apps, editor)
    (stamp,) = CatalogueStamp.objects.all()
    assert stamp.stamp not in before


def test_lost_triggers_are_restored(product):
    """SQLite drops the triggers of a table that a migration changes."""
    triggers.remove(connection)
    if connection.vendor == "sqlite":
        triggers.restore_triggers(using="default")
    else:
        triggers.install(connection)
    before = catalogue_version()
    of(product).update(price=1)
    assert catalogue_version() != before
