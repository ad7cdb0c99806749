"""The capacity plan: its arithmetic, and that it never shrinks while orders grow."""

import dataclasses
import math
from itertools import pairwise

import pytest

from shop.capacity import plan as planning
from shop.capacity.erlang import MOST_BUSY
from shop.capacity.plan import DAY, Plan, plan, station
from shop.capacity.service_times import ServiceTimes, Task

TIMES = ServiceTimes(
    measured_on="2026-01-01",
    command="a bench",
    machine="a machine",
    tasks={
        "payments.charge_payment": Task(queue="payments", per_order=1, seconds=0.2, variation=0),
        "shipping.create_shipment": Task(queue="shipping", per_order=1, seconds=0.03, variation=0),
        "shipping.track_shipment": Task(queue="shipping", per_order=2, seconds=0.006, variation=1),
        "orders.send_email": Task(queue="notifications", per_order=2, seconds=0.01, variation=1),
    },
    cpu={
        "web": 0.01, "relay": 0.002, "payments": 0.008, "shipping": 0.005, "notifications": 0.004,
        "PostgreSQL": 0.02, "RabbitMQ": 0.001,
    },
    request_seconds=0.02,
    transport_seconds=0.01,
    batched_seconds=0.0002,
    batched_cpu=0.0001,
    purged_per_second=6000,
    message_bytes=1500,
)  # fmt: skip
RATES = [0.01, 1, 3, 10, 33, 100, 999, 1000, 10_000, 100_000]


def servers(found: Plan) -> dict[str, int]:
    return {each.name: each.servers for each in found.stations} | {each.name: each.cores for each in found.services}


def test_slots_carry_what_arrives():
    found = {each.name: each for each in plan(orders_per_second=100, times=TIMES).stations}

    assert found["payments slots"].load == pytest.approx(100 * 0.2)
    assert found["payments slots"].servers == 29  # 20 / 0.7
    assert found["payments slots"].cores == pytest.approx(100 * 0.008)
    assert found["shipping slots"].load == pytest.approx(100 * (0.03 + 2 * 0.006))
    assert found["notifications slots"].load == pytest.approx(100 * 2 * 0.01)


@pytest.mark.parametrize("rate", RATES)
def test_nothing_is_busy_for_more_than_70_percent(rate):
    for each in plan(orders_per_second=rate, times=TIMES).stations:
        assert 0 < each.busy <= MOST_BUSY + 1e-9
        assert math.isfinite(each.mean_wait)


def test_more_orders_never_need_less():
    plans = [servers(plan(orders_per_second=rate, times=TIMES)) for rate in RATES]
    for fewer, more in pairwise(plans):
        assert all(fewer[name] <= more[name] for name in fewer)
    assert all(plans[0][name] < plans[-1][name] for name in plans[0])


def test_a_web_process_has_four_threads_which_wait_for_the_database():
    slow = dataclasses.replace(TIMES, request_seconds=0.2)
    assert servers(plan(orders_per_second=100, times=TIMES))["web processes"] == 2  # 1.0 s of CPU, by 0.7
    assert servers(plan(orders_per_second=100, times=slow))["web processes"] == 8  # 20 threads, by 0.7, by 4


def test_equal_service_times_halve_the_wait():
    random, equal = (station(name="", rate=2, service=0.3, cpu=0, variation=by) for by in (1, 0))
    assert equal.mean_wait == pytest.approx(random.mean_wait / 2)
    assert random.mean_wait == pytest.approx(0.3 * 0.6 / 0.4)  # 60 % busy, 40 % free


def test_tasks_of_a_queue_vary_among_themselves():
    work = TIMES.of_queue("shipping")
    assert work.per_order == 3
    assert work.seconds == pytest.approx(0.014)
    squares = (0.03**2 + 2 * 2 * 0.006**2) / 3
    assert work.variation == pytest.approx(squares / 0.014**2 - 1)


def test_a_busy_relay_takes_more_messages_a_turn():
    assert TIMES.relay_cpu(0) == pytest.approx(0.0021)
    assert TIMES.relay_cpu(10_000) < TIMES.relay_cpu(100) < TIMES.relay_cpu(1)


def test_the_ledger_holds_what_is_kept(settings):
    settings.CONVEYOR_KEEP_DAYS = 2
    ledger = plan(orders_per_second=10, times=TIMES).ledger

    assert ledger.rows_a_day == 10 * 6 * DAY
    assert ledger.rows == 2 * 10 * 6 * DAY
    assert ledger.bytes == ledger.rows * 1500


def test_the_ledger_needs_partitions_where_retention_would_not_keep_up():
    assert not plan(orders_per_second=699, times=TIMES).ledger.needs_partitions
    assert plan(orders_per_second=701, times=TIMES).ledger.needs_partitions  # 6 messages each, 70 % of 6,000


def test_more_cores_than_a_server_has_are_another_server():
    services = {each.name: each for each in plan(orders_per_second=10_000, times=TIMES).services}
    assert services["PostgreSQL"].cores == 286  # 200 / 0.7
    assert services["PostgreSQL"].servers == math.ceil(286 / planning.CORES_OF_A_SERVER)


def test_an_order_is_shipped_after_its_request_and_two_messages_with_their_waits():
    found = plan(orders_per_second=400, times=TIMES)
    waits = {each.name: each.mean_wait for each in found.stations}
    assert waits["relays"] > 1.2 * TIMES.transport_seconds, "its load counts"
    steps = [TIMES.request_seconds, waits["web processes"], 2 * waits["relays"]]
    steps += [waits["payments slots"], 0.2, waits["shipping slots"], 0.03]
    assert found.shipped_seconds == pytest.approx(sum(steps))
