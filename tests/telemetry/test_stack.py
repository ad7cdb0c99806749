"""Traces across the real processes: one from the request to the shipment, with links between deliveries."""

import os
import signal

import pytest

from messaging.models import Message
from tests.telemetry.spans_file import links_of, named, read, root_of, trace_of

CHARGE, SHIP, EMAIL = "payments.charge_payment", "shipping.create_shipment", "orders.send_email"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def traced(make_stack):
    """A stack without beat whose processes export soon, and a function that waits for spans of a trace."""
    stack = make_stack(
        beat=False,
        own_broker=False,
        workers={"payments,shipping,notifications,maintenance": 2},
        env={"OTEL_TRACES_EXPORTER": "file", "OTEL_BSP_SCHEDULE_DELAY": "200", "CONVEYOR_RETRY_BASE": "1"},
    )
    return stack


def order(stack, trace, **options):
    """Place an order in this trace; its number."""
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    status, answer = stack.api("POST", "orders/", json=body(stack, **options), headers=headers)
    assert status == 201, answer
    return answer


def body(stack, **options):
    from tests.stack.stack import order_body

    return order_body(stack.sku(), **options)


def test_dev(traced):
    stack = traced
    placed = order(stack, TRACE, payment_method="pm_flaky_2")
    stack.wait_status(placed, "shipped", "delivered")
    import time

    time.sleep(2)
    spans = trace_of(read(stack.folder / "traces.jsonl"), TRACE)
    for s in spans:
        print(
            s["name"],
            s["context"]["span_id"],
            s["parent_id"],
            s["resource"]["attributes"]["service.name"],
            s["status"],
            links_of(s),
            s["attributes"],
        )
    code = [p.stop() for p in (stack.web, *stack.relays, *stack.workers)]
    print(code)
    print(len(trace_of(read(stack.folder / "traces.jsonl"), TRACE)), len(spans))
    print(stack.tails(8))
    assert 0
