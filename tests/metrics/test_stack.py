"""Metrics of real processes: children of workers count, any process answers for the host, restarts lose nothing."""

import re

import httpx

from tests.patience import PATIENCE
from tests.ports import free_port

QUEUES = "payments,shipping,notifications,maintenance"
CHARGE, CAPTURE = "payments.charge_payment", "payments.capture_payment"


def samples(text: str) -> dict[str, float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def total(text: str, name: str, *parts: str) -> float:
    """The sum of all samples of this name whose labels contain these."""
    return sum(
        value
        for key, value in samples(text).items()
        if re.match(rf"{name}(\{{|$)", key) and all(part in key for part in parts)
    )


def test_every_process_of_the_host_is_counted_and_restarts_lose_nothing(make_stack, tmp_path):
    folder, port = tmp_path / "counts", free_port()
    env = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "METRICS_PORT": str(port), "METRICS_TOKEN": ""}
    stack = make_stack(own_broker=False, workers={QUEUES: 2}, env=env)

    def web() -> str:
        return str(stack.api("GET", "/metrics")[1])

    stack.wait_status(stack.order(), "shipped", "delivered")
    for task in (CHARGE, CAPTURE):
        stack.wait_for(lambda task=task: total(web(), "conveyor_messages_done_total", task) == 1, what="it is counted")
    text = web()
    assert total(text, "conveyor_messages_sent_total", CHARGE) == 1
    assert total(text, "conveyor_orders_placed_total", 'source="api"') == 1
    assert total(text, "conveyor_order_shipping_seconds_count", 'source="api"') == 1
    assert total(text, "conveyor_checkout_seconds_count", 'source="api"', 'outcome="placed"') == 1
    assert total(text, "conveyor_message_waiting_seconds_count", 'queue="payments"') == 2
    assert total(text, "conveyor_metric_files_damaged") == 0

    other = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE, trust_env=False).text
    assert total(other, "conveyor_messages_done_total", CHARGE) == 1
    assert "conveyor_oldest_due_seconds" not in other

    files = len(list(folder.glob("*.db")))
    (worker,) = stack.workers
    worker.kill()
    worker.start()
    stack.wait_status(stack.order(), "shipped", "delivered")
    stack.wait_for(lambda: total(web(), "conveyor_messages_done_total", CHARGE) == 2, what="both charges are counted")
    assert len(list(folder.glob("*.db"))) == files, "those of the killed processes are used again"
