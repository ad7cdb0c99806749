"""How does a test get a product, or an order in the state that it is about?"""

from collections.abc import Sequence
from typing import Any

import factory
from django.utils.text import slugify

from orders.models import Order
from orders.values import Address
from shop.models import Category, Product, User
from shop.services import LineWanted, checkout, restock

ADDRESS = Address(line1="Hauptstrasse 1", city="Bern", postcode="3011", country="CH")


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")


class CategoryFactory(factory.django.DjangoModelFactory[Category]):
    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Category {n}")
    slug = factory.LazyAttribute(lambda category: slugify(category.name))


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    """A product with its stock, which movements explain."""

    class Meta:
        model = Product
        skip_postgeneration_save = True

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    slug = factory.LazyAttribute(lambda product: slugify(product.sku))
    name = factory.LazyAttribute(lambda product: f"Product {product.sku}")
    price = 1250

    @factory.post_generation
    def stock(self, create: bool, extracted: int | None, **kwargs: Any) -> None:
        quantity = 100 if extracted is None else extracted
        if quantity:
            restock(quantities={self.pk: quantity}, reference="factory")  # type: ignore[attr-defined]
            self.refresh_from_db()  # type: ignore[attr-defined]


def place(*, lines: Sequence[LineWanted] | None = None, city: str = "Bern", **changes: Any) -> Order:
    """An order as the checkout makes it: of one product of its own, unless `lines` say otherwise."""
    wanted = lines or [LineWanted(sku=ProductFactory().sku, quantity=2)]
    wishes = {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": Address(line1=ADDRESS.line1, city=city, postcode=ADDRESS.postcode, country=ADDRESS.country),
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "source": "web",
    }
    return checkout(lines=wanted, **(wishes | changes)).order
