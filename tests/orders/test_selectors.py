"""Message priority of an order."""

import pytest

from messaging.topology import Priority
from orders.models import Order
from orders.selectors import priority


@pytest.mark.parametrize(
    ("source", "shipping_method", "expected"),
    [
        ("web", "standard", Priority.NORMAL),
        ("api", "express", Priority.HIGH),
        ("import", "express", Priority.LOW),
        ("import", "standard", Priority.LOW),
    ],
)
def test_express_orders_are_high_and_imports_low(source: str, shipping_method: str, expected: Priority):
    assert priority(Order(source=source, shipping_method=shipping_method)) == expected
