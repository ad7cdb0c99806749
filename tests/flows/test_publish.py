"""`CONVEYOR_PUBLISH`: an order ships with and without the ledger."""

import pytest

from messaging.models import Message

#: A worker that looks before the commit, as it may with `naive`, would do nothing; so each starts after it.
STEPS = (("payments", "paid"), ("shipping", "shipped"))


@pytest.mark.parametrize(("publish", "rows"), [("ledger", True), ("on_commit", False), ("naive", False)])
def test_an_order_ships_however_its_messages_are_published(make_stack, publish, rows):
    environment = {"CONVEYOR_PUBLISH": publish, "CONVEYOR_TRANSIT_SECONDS": "60"}
    stack = make_stack(own_broker=False, beat=False, workers={}, env=environment)
    orders = [stack.order(payment_method=method) for method in ("pm_card_visa", "pm_flaky_2")]
    for queue, status in STEPS:
        stack.workers.append(stack.new_worker(queue))
        stack.workers[-1].start()
        for order in orders:
            stack.wait_status(order, status)
    with stack.db():
        assert Message.objects.using(stack.alias).exists() is rows


def test_a_delayed_message_arrives_without_the_ledger(make_stack):
    stack = make_stack(own_broker=False, beat=False, relays=0, env={"CONVEYOR_PUBLISH": "on_commit"})
    order = stack.order()
    stack.wait_status(order, "delivered")
    with stack.db():
        assert not Message.objects.using(stack.alias).exists()
