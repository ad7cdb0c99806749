"""Orders that are repeated after `SHOP_CURRENCY` has changed."""

from typing import Any

import pytest

from orders.models import Order
from shop.checkout.idempotency import Idempotency, KeyReused
from shop.checkout.services import LineWanted, Placed, checkout
from shop.models import Product
from tests.factories import ADDRESS, ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)


def order_of(sku: str, **changes: Any) -> Placed:
    details: dict[str, Any] = {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": ADDRESS,
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "source": "api",
        "lines": [LineWanted(sku, 1)],
        "idempotency": Idempotency(client="shop", key="one"),
    }
    return checkout(**details | changes)


@pytest.mark.parametrize("currency", ["EUR", "USD"], ids=["not for sale any more", "priced anew"])
def test_a_repeated_request_gets_its_order(settings, currency: str):
    """Its body names no currency, so it is the same. With a new key the client would order twice."""
    ProductFactory.create(sku="A")
    first = order_of("A")
    settings.SHOP_CURRENCY = "USD"
    Product.objects.update(currency=currency)
    assert order_of("A") == Placed(first.order)
    with pytest.raises(KeyReused):
        order_of("A", currency="USD")
    assert Order.objects.get().currency == "EUR"
