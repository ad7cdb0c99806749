"""Database outages among orders: workers stop consuming, no attempt is spent, nothing dies, and all orders ship."""

import time

import pytest

from messaging.models import Message, State
from tests.stack.orders import assert_once, place, wait_finished


def test_outages_of_the_database_spend_no_attempt(make_stack, request):
    if request.node.callspec.params["make_stack"] != "production":
        pytest.skip("SQLite has no server that could be away")
    stack = make_stack(beat=False, own_broker=False, env={"CONVEYOR_GATEWAY_LATENCY": "0.4"})
    numbers = place(stack, 20)
    for _ in range(3):
        with stack.database.unreachable():
            time.sleep(5)
        time.sleep(2)
    wait_finished(stack, numbers)
    assert_once(stack, numbers)
    with stack.db():
        mine = Message.objects.using(stack.alias).filter(subject__in=numbers)
        assert set(mine.values_list("attempts", flat=True)) == {0}
        assert not mine.filter(state=State.DEAD).exists()
    assert "no longer consuming payments: the database is away" in stack.worker("payments").text()
    assert "consuming payments again" in stack.worker("payments").text()
