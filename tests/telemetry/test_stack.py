"""Traces and JSON logs of the real processes: one trace from the request to the shipment, whose id is in their lines.

Spans are exported at the end of each process only: the web server's, the relay's, and the worker's pool processes'.
"""

import json

import pytest

from messaging.models import Message, State
from tests.stack.stack import order_body
from tests.telemetry import sentry_server
from tests.telemetry.spans_file import links_of, named, read, root_of, trace_of

CHARGE, SHIP, EMAIL = "payments.charge_payment", "shipping.create_shipment", "orders.send_email"
FLAKY, CRASHES, UNSAMPLED, BUG = "0af7651916cd43dd8448eb211c80319c", "1" * 32, "2" * 32, "3" * 32
CALLER = "b7ad6b7169203331"
QUEUES = "payments,shipping,notifications,maintenance"


@pytest.fixture
def sentry():
    with sentry_server.running() as server:
        yield server


@pytest.fixture
def traced(make_stack, sentry):
    env = {
        "SENTRY_DSN": sentry.dsn,
        "OTEL_TRACES_EXPORTER": "file",
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "LOG_FORMAT": "json",
    }
    stack = make_stack(own_broker=False, workers={QUEUES: 2}, env=env)
    stack.beat.command.extend(["--loglevel", "INFO"])  # the test run has another one
    stack.beat.restart()
    return stack


def order(stack, trace, *, flags="01", **options):
    """Place an order within this trace."""
    headers = {"traceparent": f"00-{trace}-{CALLER}-{flags}"}
    status, answer = stack.api("POST", "orders/", json=order_body(stack.sku(), **options), headers=headers)
    assert status == 201, answer
    return answer


def dead_message(stack, placed):
    def dead():
        with stack.db() as alias:
            return Message.objects.using(alias).filter(subject=placed["number"], state=State.DEAD).first()

    return stack.wait_for(dead, what=f"a message of {placed['number']} is dead")


def wait_settled(stack, *numbers):
    def settled():
        with stack.db() as alias:
            left = Message.objects.using(alias).live().filter(subject__in=numbers)
            return not left.exclude(task="shipping.track_shipment").exists()

    stack.wait_for(settled, what="all messages of the orders are settled")


def shipped_after_retry(stack, placed):
    """An operator retries the order's dead message once its cause is fixed."""
    message = dead_message(stack, placed)
    assert stack.manage("demo", "fix-bug").returncode == 0
    status, answer = stack.api("POST", f"failed-tasks/{message.pk}/retry/", json={}, token=stack.token())
    assert status == 200, answer
    stack.wait_status(placed, "shipped", "delivered")


def exported(stack):
    """The spans of all processes, which end first."""
    stack.wait_for(lambda: "beat: " in stack.beat.text(), what="beat has logged a line")
    for program in stack.programs:
        program.stop()
    return read(stack.folder / "traces.jsonl")


def test_an_order_is_one_trace_with_a_link_at_every_further_delivery(traced, sentry):
    crashes = order(traced, CRASHES, payment_method="pm_crash")
    dead_message(traced, crashes)
    bug = order(traced, BUG, payment_method="pm_bug")
    flaky = order(traced, FLAKY, payment_method="pm_flaky_2")
    unsampled = order(traced, UNSAMPLED, flags="00")
    for placed in (flaky, unsampled):
        traced.wait_status(placed, "shipped", "delivered")
    dead_message(traced, bug)
    shipped_after_retry(traced, crashes)
    wait_settled(traced, *(placed["number"] for placed in (flaky, unsampled, crashes)))
    status, _ = traced.api("GET", "/products/sam@example.com%0A%22break/?token=secret")
    assert status == 404
    spans = exported(traced)

    check_one_trace(trace_of(spans, FLAKY), flaky)
    check_retries(trace_of(spans, FLAKY))
    check_redelivery_and_replay(trace_of(spans, CRASHES))
    assert trace_of(spans, UNSAMPLED) == []
    check_logs(traced, flaky, trace_of(spans, FLAKY))
    check_reports(sentry.events, crashes, bug)


def check_one_trace(spans, placed):
    """The request is above everything, and each process has its part."""
    (request,) = named(spans, "POST api/v1/orders/")
    assert request["parent_id"] == f"0x{CALLER}"
    request["parent_id"] = None
    for span in spans:
        assert root_of(span, spans) is request
    (shipment,) = named(spans, f"process {SHIP}")
    (sent,) = named(spans, f"send {SHIP}")
    assert shipment["parent_id"] == sent["context"]["span_id"]
    assert sent["parent_id"] == named(spans, f"process {CHARGE}")[-1]["context"]["span_id"]
    assert len(named(spans, f"process {EMAIL}")) == 2
    roles = [span["resource"]["attributes"]["service.name"].split("-")[1] for span in (request, sent, shipment)]
    assert roles == ["web", "relay", "worker"]
    assert shipment["attributes"]["conveyor.subject"] == placed["number"]


def check_retries(spans):
    runs = named(spans, f"process {CHARGE}")
    ids = [run["context"]["span_id"] for run in runs]
    assert [links_of(run) for run in runs] == [[], [(ids[0], "retry")], [(ids[1], "retry")]]
    assert [run["attributes"]["conveyor.message.attempt"] for run in runs] == [1, 2, 3]
    assert [run["attributes"]["conveyor.outcome"] for run in runs] == ["retry", "retry", "done"]
    assert [run["status"]["status_code"] for run in runs] == ["ERROR", "ERROR", "UNSET"]
    assert runs[0]["events"][0]["attributes"]["exception.type"].endswith("GatewayUnavailable")


def check_redelivery_and_replay(spans):
    """The worker's processes were killed before their spans could end; the last delivery found the message dead."""
    redelivered, replayed = named(spans, f"process {CHARGE}")
    ((killed, reason),) = links_of(redelivered)
    assert (reason, redelivered["attributes"]["conveyor.message.redelivered"]) == ("redelivery", True)
    assert links_of(replayed) == [(killed, "resend")]
    assert replayed["attributes"]["conveyor.outcome"] == "done"
    (retry,) = named(spans, f"retry {CHARGE}")
    (earlier, operator) = retry["links"]
    assert earlier["context"]["span_id"] == killed
    assert operator["context"]["trace_id"] != f"0x{CRASHES}"
    assert len(named(spans, f"process {SHIP}")) == 1


def check_logs(stack, placed, spans):
    """Every line of every process is an object, and those about an order have it, the message, task, trace and span."""
    lines = {program.name: lines_of(program) for program in stack.programs}
    assert all(lines.values())
    of_trace = [line for found in lines.values() for line in found if line.get("trace") == FLAKY]
    (access,) = (line for line in of_trace if line["logger"] == "conveyor.access")
    assert (access["method"], access["path"], access["status"]) == ("POST", "/api/v1/orders/", 201)
    assert access["order"] == placed["number"]
    of_charge = [line for line in of_trace if line.get("task") == CHARGE]
    # The worker's main process receives each delivery, and its pool processes say what became of it.
    assert [line["logger"] for line in of_charge] == ["celery.worker.strategy", "celery.app.trace"] * 3
    assert len({line["process"] for line in of_charge}) > 1
    for line in of_charge:
        assert line["order"] == placed["number"]
        assert line["message_id"] == named(spans, f"process {CHARGE}")[0]["attributes"]["messaging.message.id"]
        assert line["role"].startswith("worker-payments")
    assert access["span"] == named(spans, "POST api/v1/orders/")[0]["context"]["span_id"][2:]
    hostile = next(line for line in lines[stack.web.name] if line.get("status") == 404)
    assert hostile["path"] == '/products/•••@•••\n"break/'
    assert "secret" not in stack.web.text()


def lines_of(program):
    """The lines of a process as objects; each has the fields that all of them have."""
    found = [json.loads(line) for line in program.text().splitlines() if line]
    for line in found:
        assert {"time", "level", "logger", "message", "service", "role", "process"} <= line.keys()
    return found


def check_reports(events, crashes, bug):
    """Each dead message is reported once, with its exception if there is one; what was retried is not."""
    by_order = {event["tags"]["order"]: event for event in events}
    assert len(events) == len(by_order) == 2
    lost, failed = by_order[crashes["number"]], by_order[bug["number"]]
    assert "WorkerLost" in lost["logentry"]["message"] if "logentry" in lost else "WorkerLost" in lost["message"]
    assert failed["exception"]["values"][-1]["type"] == "RuntimeError"
    assert (failed["tags"]["trace"], failed["tags"]["task"]) == (BUG, CHARGE)
    assert failed["environment"] == "demo"
    assert failed["release"]
