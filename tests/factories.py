"""Factories for users and their clients, products and placed orders."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from django.utils.text import slugify
from factory.declarations import LazyAttribute, Sequence
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from orders import services
from orders.models import Order
from orders.selectors import ACKNOWLEDGE_AFTER
from orders.values import Address
from shop.checkout.services import LineWanted, checkout
from shop.models import Category, Product, User
from shop.stock.services import restock

ADDRESS = Address(line1="Hauptstrasse 1", city="Bern", postcode="3011", country="CH")


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = Sequence(lambda n: f"user{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.com")


def client_with(*permissions: str) -> Client:
    """The client of a staff member with these permissions."""
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    return client


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    name = Sequence(lambda n: f"Category {n}")
    slug = LazyAttribute(lambda category: slugify(category.name))


class ProductFactory(DjangoModelFactory[Product]):
    """A product with stock, by way of stock movements."""

    class Meta:
        model = Product
        skip_postgeneration_save = True

    sku = Sequence(lambda n: f"SKU-{n}")
    slug = LazyAttribute(lambda product: slugify(product.sku))
    name = LazyAttribute(lambda product: f"Product {product.sku}")
    price = 1250

    @post_generation
    def stock(self, create: bool, extracted: int | None, **kwargs: Any) -> None:
        quantity = 100 if extracted is None else extracted
        if quantity:
            restock(quantities={self.pk: quantity}, reference="factory")
            self.refresh_from_db()


def place(*, lines: Iterable[LineWanted] = (), city: str = "Bern", **changes: Any) -> Order:
    """An order placed through checkout, by default of two pieces of a new product."""
    order_lines = list(lines) or [LineWanted(sku=ProductFactory.create().sku, quantity=2)]
    values: dict[str, Any] = {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": Address(line1=ADDRESS.line1, city=city, postcode=ADDRESS.postcode, country=ADDRESS.country),
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "source": "web",
    }
    return checkout(lines=order_lines, **(values | changes)).order


def place_and_acknowledge(**options: Any) -> Order:
    """Place an order and enqueue the e-mail about it, as if its payment had been undecided for a while."""
    order = place(**options)
    services.acknowledge_orders(now=timezone.now() + ACKNOWLEDGE_AFTER)
    return order
