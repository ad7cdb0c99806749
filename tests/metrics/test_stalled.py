"""Alerts about what is gone: relays that publish nothing, workers that run nothing, web servers without a target."""

import re

import pytest

from messaging.conf import settings
from messaging.relay.lanes import Room
from messaging.topology import PRIORITIES
from tests.metrics.promql import labels
from tests.metrics.rules import Scenario, rules
from tests.metrics.scenarios import MINUTES, RATE, counter, evaluated, gauge, healthy


def test_a_web_server_that_is_no_target_any_more_pages(tmp_path):
    scenario = healthy()
    scenario["up", labels(job="conveyor", instance="web:8000")] = [1.0] * 100 + [None] * (MINUTES - 100)
    evaluated(scenario, {99: set(), 110: {"WebDown page"}}, tmp_path)


@pytest.mark.parametrize("sent", [800, 900, 1000])
def test_a_full_queue_is_no_stalled_relay(sent, tmp_path):
    """What low, normal and high messages fill a queue to. The workers run nothing that would make room."""
    working = ("conveyor_message_working_seconds_count", labels(queue="payments", task="payments.charge_payment"))
    scenario = healthy() | {
        ("conveyor_oldest_due_seconds", labels(queue="payments")): gauge(600),
        ("conveyor_messages", labels(queue="payments", state="sent")): gauge(sent),
        working: counter([1.0] * MINUTES),
    }
    evaluated(scenario, {100: set()}, tmp_path)


def test_a_relay_that_publishes_a_backlog_is_not_stalled_and_one_that_has_ended_is(tmp_path):
    published = [60.0 if minute < 200 else 0.0 for minute in range(MINUTES)]
    scenario = healthy() | {
        ("conveyor_oldest_due_seconds", labels(queue="payments")): gauge(600),
        ("conveyor_messages", labels(queue="payments", state="pending")): gauge(50_000),
        ("conveyor_messages_sent_total", labels(queue="payments", task="payments.charge_payment")): counter(published),
    }
    evaluated(scenario, {100: set(), 199: set(), 210: {"RelayStalled page"}}, tmp_path)


def test_the_bound_of_the_alert_is_the_one_to_which_the_least_urgent_messages_fill_a_queue():
    (rule,) = (rule for rule in rules("alert") if rule["alert"] == "RelayStalled")
    (share,) = re.findall(r"< ([\d.]+) \* max by \(queue\) \(conveyor_in_flight_limit\)", rule["expr"])
    assert Room(taken=0).of(min(PRIORITIES)) == float(share) * settings.CONVEYOR_IN_FLIGHT


def without_workers(*, begin: int, end: int, paused: float = 0) -> Scenario:
    """As in Compose: the series of the workers end, and messages stay in flight until others start."""
    gone = range(begin, end)
    ran = counter([float(RATE)] * MINUTES)
    return healthy() | {
        ("conveyor_messages", labels(queue="notifications", state="sent")): [
            min(800.0, 6 * (minute - begin + 1)) if minute in gone else 0.0 for minute in range(MINUTES)
        ],
        ("conveyor_message_working_seconds_count", labels(queue="notifications", task="orders.send_email")): [
            None if minute in gone else value for minute, value in enumerate(ran)
        ],
        ("conveyor_queue_paused", labels(queue="notifications")): [
            paused if minute in gone else 0.0 for minute in range(MINUTES)
        ],
    }


def test_a_queue_without_workers_pages_until_one_runs_again(tmp_path):
    expected = {99: set(), 104: set(), 112: {"WorkersStalled page"}, 199: {"WorkersStalled page"}, 205: set()}
    evaluated(without_workers(begin=100, end=200), expected, tmp_path)


def test_a_paused_queue_needs_no_workers(tmp_path):
    evaluated(without_workers(begin=100, end=130, paused=1), {112: set(), 129: set()}, tmp_path)


def test_runs_that_an_open_circuit_refuses_show_that_workers_run(tmp_path):
    scenario = healthy() | {
        ("conveyor_messages", labels(queue="webhooks", state="sent")): gauge(800),
        ("conveyor_message_working_seconds_count", labels(queue="webhooks", task="webhooks.deliver")): counter(
            [float(minute % 4 == 0) for minute in range(MINUTES)]
        ),
    }
    evaluated(scenario, {100: set(), 200: set()}, tmp_path)
