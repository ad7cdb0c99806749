"""A game day with real processes: a gateway outage, orders meanwhile, and a report measured afterwards."""

import json

from messaging.models import Message, State
from orders.models import Order
from shop.models import Fault
from tests.stack.orders import assert_once


def test_a_gateway_outage_is_detected_and_recovered_from_and_nothing_is_lost_or_doubled(make_stack):
    # The circuit opens by several orders; the first of them must not have spent all its attempts before that.
    env = {"CONVEYOR_CIRCUIT_SECONDS": "0.5", "CONVEYOR_RETRY_BASE": "3", "CONVEYOR_RETRY_MAX_SECONDS": "10"}
    stack = make_stack(own_broker=False, env=env, workers={"payments": 2, "shipping": 1})
    stack.wait_status(stack.order(), "shipped", "delivered")
    done = stack.manage("gameday", "gateway-outage", "--seed", "7", "--orders", "8", "--seconds", "15", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["scenario"], report["seed"], report["orders"], report["finished"]) == ("gateway-outage", 7, 8, 8)
    assert (report["lost"], report["doubled"], report["dead"], report["broken"]) == (0, 0, 0, [])
    assert report["detected_after"] is not None, report
    assert report["detected_by"]
    assert report["recovered_after"] > 0, f"orders were waiting when the outage ended: {report}"
    with stack.db() as alias:
        fault = Fault.objects.using(alias).get()
        assert (fault.kind, fault.game_day) == ("gateway-outage", "gateway-outage, seed 7")
        assert (fault.ends_at - fault.began_at).total_seconds() == 15
        placed = Order.objects.using(alias).filter(email="game-day@conveyor.example")
        numbers = list(placed.values_list("number", flat=True))
        assert not Message.objects.using(alias).filter(subject__in=numbers, state=State.DEAD).exists()
    assert_once(stack, numbers)


def test_a_game_day_without_workers_is_refused_before_anything_breaks(make_stack):
    stack = make_stack(own_broker=False, workers={}, beat=False, web=0, relays=0)
    done = stack.manage("gameday", "gateway-outage")
    assert done.returncode == 1
    assert "make run" in done.stderr
    with stack.db() as alias:
        assert not Fault.objects.using(alias).exists()
