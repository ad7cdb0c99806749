"""Test harness: the real shop runs on both backends."""

import subprocess
import sys

from django.db import connections

from orders.models import Order
from shop.models import Product
from tests.patience import PATIENCE


def test_an_order_placed_by_the_api_is_delivered(stack):
    order = stack.order()
    assert order["status"] == "placed"
    delivered = stack.wait_status(order, "delivered")
    assert delivered["shipment"]["tracking_number"]
    with stack.db():
        assert Order.objects.using(stack.alias).get(number=order["number"]).status == "delivered"
    assert stack.audit() == []


def test_an_order_placed_during_a_broker_outage_completes_afterwards(make_stack):
    stack = make_stack(beat=False)
    stack.broker.stop()
    order = stack.order()
    stack.broker.start()
    assert stack.wait_status(order, "shipped", "delivered")["shipment"]["tracking_number"]


def test_the_database_of_a_stack_stays_open_until_the_outermost_block_ends(stack):
    with stack.db() as alias:
        with stack.db():
            assert Product.objects.using(alias).exists()
        assert Product.objects.using(alias).exists()
    assert alias not in connections.settings


def test_processes_that_ask_at_once_get_ports_of_their_own():
    code = "from tests.ports import free_port\nprint(*(free_port() for _ in range(200)))"
    asking = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ports = [int(port) for process in asking for port in process.communicate(timeout=PATIENCE)[0].split()]
    assert len(ports) == len(set(ports)) == 800
    assert max(ports) < 32_768, "the system gives it to no connection"
