"""Series of a shop in which nothing is wrong, from which scenarios of alerts differ, and what both evaluators say."""

import pytest

from tests.deploy.files import tool
from tests.metrics.promql import labels
from tests.metrics.rules import Scenario, firing, promtool, write_promtool_test

MINUTES = 480
QUEUES = ("payments", "shipping", "notifications", "maintenance")
#: Of a day with trade: orders and checkouts a minute.
RATE = 6


def gauge(value: float) -> list[float | None]:
    return [value] * MINUTES


def counter(per_minute: list[float]) -> list[float | None]:
    total, values = 0.0, []
    for grown in per_minute:
        total += grown
        values.append(total)
    return list(values)


def healthy(*, rate: float = RATE) -> Scenario:
    """A shop in which nothing is wrong, and `rate` orders a minute are placed and shipped at once."""
    found: Scenario = {
        ("up", labels(job="conveyor", instance="web:8000")): gauge(1),
        ("up", labels(job="conveyor-processes", instance="10.0.0.2:9464")): gauge(1),
        ("conveyor_limits_cache_up", labels()): gauge(1),
        ("conveyor_metric_files_damaged", labels()): gauge(0),
        ("conveyor_metric_failed", labels(part="messages")): gauge(0),
        ("conveyor_circuit_open", labels(circuit="gateway.stripe")): gauge(0),
        ("conveyor_http_requests_total", labels(view="shop:home", method="GET", status="2xx")): counter(
            [rate * 10] * MINUTES
        ),
    }
    for queue in QUEUES:
        found |= {
            ("conveyor_messages", labels(queue=queue, state="dead")): gauge(0),
            ("conveyor_messages", labels(queue=queue, state="sent")): gauge(0),
            ("conveyor_oldest_due_seconds", labels(queue=queue)): gauge(0),
            ("conveyor_in_flight_limit", labels(queue=queue)): gauge(1000),
            ("conveyor_queue_paused", labels(queue=queue)): gauge(0),
        }
    for within in ("5m", "30m", "1h", "6h", "3d"):
        found["conveyor_orders_overdue", labels(within=within)] = gauge(0)
    return found | shipped([rate] * MINUTES, [rate] * MINUTES) | checkouts([rate] * MINUTES, [rate] * MINUTES)


def shipped(all_: list[float], in_time: list[float]) -> Scenario:
    name = "conveyor_order_shipping_seconds"
    return {
        (f"{name}_count", labels(source="web")): counter(all_),
        (f"{name}_bucket", labels(source="web", le="60.0")): counter(in_time),
    }


def checkouts(all_: list[float], fast: list[float], failed: list[float] | None = None) -> Scenario:
    name = "conveyor_checkout_seconds"
    return {
        (f"{name}_count", labels(source="web", outcome="placed")): counter(all_),
        (f"{name}_bucket", labels(source="web", outcome="placed", le="0.3")): counter(fast),
        (f"{name}_count", labels(source="web", outcome="failed")): counter(failed or [0.0] * MINUTES),
        (f"{name}_bucket", labels(source="web", outcome="failed", le="0.3")): counter(failed or [0.0] * MINUTES),
        (f"{name}_count", labels(source="web", outcome="refused")): counter([1.0] * MINUTES),
    }


def evaluated(scenario: Scenario, expected: dict[int, set[str]], tmp_path) -> None:
    """Both evaluators say the same, as far as both are there."""
    assert firing(scenario, at=list(expected)) == expected
    if program := maybe_promtool():
        promtool(program, "test", "rules", str(write_promtool_test(tmp_path, scenario, expected=expected)))


def maybe_promtool() -> str | None:
    try:
        return tool("promtool")
    except pytest.skip.Exception:
        return None
