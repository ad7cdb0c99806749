"""Kill storm: what its faults do to an order, with each way to publish. Moments are chosen, so nothing is luck."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bench.storm import faults
from bench.storm.moments import AFTER_COMMIT, HOLD, NOT_FOUND, arm, release
from bench.storm.run import PUBLISH, options, storm
from bench.storm.shoppers import buy
from bench.storm.tally import Tally, tally
from messaging.models import Message
from tests.conftest import STACKS
from tests.stack import Stack

NOW = timedelta(0)


@pytest.fixture(params=PUBLISH)
def storm_stack(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[tuple[str, Stack]]:
    stack = Stack("embedded", blocker=django_db_blocker, **options(request.param))
    request.node.stash[STACKS] = [stack]
    try:
        yield request.param, stack.start()
    finally:
        stack.remove()


def test_only_the_ledger_loses_no_order_to_a_slow_commit_and_a_kill_after_it(storm_stack):
    publish, stack = storm_stack
    if publish == "naive":
        looked = arm(stack.folder, NOT_FOUND, HOLD)
        has_looked = partial(stack.wait_for, looked.exists, what="the worker has looked for the payment")
        slow = buy_during(stack, lambda: faults.slow_commit(stack, has_looked))
        release(looked)  # once nobody locks the database, in which the worker notes the failure
        stack.wait_for(lambda: is_filed(stack), what="the worker has given the charge up")
        assert stack.api("GET", f"orders/{slow['public_id']}/")[1]["status"] == "placed"
        assert tally(stack, 1, grace=NOW) == Tally(placed=1, shipped=0, lost=1, doubled=0)
        return
    slow = buy_during(stack, lambda: faults.slow_commit(stack, bool))
    killed = buy_during(stack, lambda: faults.kill_web(stack, AFTER_COMMIT))
    last = buy(stack, stack.sku())  # queues keep their order: what is not done before it will never be
    arrived = [slow, last] if publish == "on_commit" else [slow, killed, last]
    for order in arrived:
        stack.wait_status(order, "shipped")
    assert tally(stack, 3, grace=NOW) == Tally(placed=3, shipped=len(arrived), lost=3 - len(arrived), doubled=0)
    if publish == "ledger":
        assert_a_storm_ends_once_all_is_shipped(stack)


def assert_a_storm_ends_once_all_is_shipped(stack: Stack) -> None:
    """The shortest storm: orders, and no time for a fault."""
    shown: list[Tally] = []
    counts, struck = storm(stack, seconds=0, progress=lambda at, faults, counts: shown.append(counts))
    assert struck == []
    assert shown[-1] == counts == Tally(placed=counts.placed, shipped=counts.placed, lost=0, doubled=0)


def is_filed(stack: Stack) -> bool:
    with stack.db() as alias:
        return Message.objects.using(alias).dead().filter(task="payments.charge_payment").exists()


def buy_during(stack: Stack, fault: Callable[[], None]) -> dict[str, Any]:
    """What a shopper gets who buys while `fault` strikes."""
    with ThreadPoolExecutor(1) as pool:
        order = pool.submit(buy, stack, stack.sku())
        fault()
        return order.result()
