"""Test harness: the real shop runs on both backends."""

import time

from orders.models import Order


def test_an_order_placed_by_the_api_is_shipped_within_seconds(stack):
    order = stack.order()
    assert order["status"] == "placed"
    shipped = stack.wait_status(order, "shipped", "delivered", timeout=15)
    assert shipped["shipment"]["tracking_number"]
    with stack.db():
        assert Order.objects.using(stack.alias).get(number=order["number"]).status == shipped["status"]
    assert stack.audit() == []


def test_an_order_placed_during_a_broker_outage_completes_afterwards(make_stack):
    stack = make_stack(beat=False)
    stack.broker.stop()
    began = time.monotonic()
    order = stack.order()
    assert time.monotonic() - began < 2
    stack.broker.start()
    stack.wait_status(order, "shipped", "delivered", timeout=60)
