"""JSON log lines: one object a line, masked, with what the line is about."""

import json
import logging
import sys
import uuid

import pytest
from django.test import RequestFactory
from opentelemetry.sdk.trace import TracerProvider

from config.telemetry import stray_output
from config.telemetry.access_log import AccessLogMiddleware
from config.telemetry.json_lines import JsonFormatter
from messaging import outbox, tracing
from messaging.operations.privacy.masking import MASK
from tests.messaging.deliver import deliver
from tests.messaging.samples import Sample, behaviour

TRACE = uuid.UUID("0af7651916cd43dd8448eb211c80319c")
MESSAGE = uuid.UUID("01a21e9f-5581-7944-b050-102508a1fb0b")


def line_of(message, *args, name="tests", error=None, **extra):
    """The line of a record, as an object."""
    record = logging.LogRecord(name, logging.INFO, "path", 1, message, args, error)
    record.__dict__ |= extra
    text = JsonFormatter().format(record)
    assert len(text.splitlines()) == 1
    assert text.isascii()
    return json.loads(text)


class Handler(logging.Handler):
    """Keeps the lines of records in JSON."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines = []

    def emit(self, record):
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines():
    handler, root = Handler(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler.lines
    root.setLevel(level)
    root.removeHandler(handler)


def test_a_line_says_when_where_and_what():
    line = line_of("paid in %s days", 3)
    assert line.pop("time").endswith("Z")
    assert isinstance(line.pop("process"), int)
    assert line.pop("role")
    assert line == {"level": "INFO", "logger": "tests", "message": "paid in 3 days", "service": "conveyor"}


@pytest.mark.parametrize("text", ['a\n{"level": "ERROR"}', 'quote " and \\', "\x1b[31m\r\x00", "\u2028\x85", "\ud800"])
def test_no_text_ends_the_line_or_the_object(text):
    assert line_of("%s", text)["message"] == text
    assert line_of(text)["message"] == text


def test_personal_data_is_masked_in_messages_and_exceptions():
    try:
        raise ValueError("card 4242 4242 4242 4242 of sam@example.com")
    except ValueError:
        line = line_of("mail to %s", "sam@example.com", error=sys.exc_info())
    assert line["message"] == f"mail to {MASK}@{MASK}"
    assert f"card {MASK} of {MASK}@{MASK}" in line["exception"]
    assert line["exception"].startswith("Traceback")
    assert line_of({"email": "sam", "id": 1})["message"] == str({"email": MASK, "id": 1})


def test_a_long_text_is_cut_within_its_field():
    assert len(line_of("x" * 1_000_000)["message"]) < 20_000


def test_a_line_has_the_trace_and_message_of_its_chain():
    with tracing.chain(tracing.Chain(TRACE, MESSAGE)):
        line = line_of("within")
    assert (line["trace"], line["message_id"]) == (TRACE.hex, str(MESSAGE))
    assert {"trace", "message_id"}.isdisjoint(line_of("without"))


def test_the_only_id_among_the_arguments_is_the_message():
    assert line_of("%s %s cannot be encoded", "task", MESSAGE)["message_id"] == str(MESSAGE)
    assert "message_id" not in line_of("%s and %s", MESSAGE, TRACE)


def test_an_order_number_in_the_text_is_the_order():
    assert line_of("order CV-2XTV3-MCB39 is late")["order"] == "CV-2XTV3-MCB39"
    assert "order" not in line_of("order CV-2XTV3")


def test_the_current_span_is_named():
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("tests")
    with tracer.start_as_current_span("run") as span:
        assert line_of("within")["span"] == f"{span.get_span_context().span_id:016x}"
    assert "span" not in line_of("without")


@pytest.mark.django_db
def test_what_a_task_and_celery_log_about_it_names_order_message_task_and_trace(lines):
    def act(task, payload):
        logging.getLogger("shop").info("charging")
        with task.complete():
            pass

    behaviour["logs"] = act
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="logs"), subject="CV-2XTV3-MCB39")
    deliver(message)
    behaviour.clear()
    found = [line for line in lines if line["logger"] in {"shop", "celery.app.trace"}]
    assert len(found) == 2
    for line in found:
        assert line["order"] == "CV-2XTV3-MCB39"
        assert (line["message_id"], line["task"]) == (str(message.pk), "tests.sample")
        assert line["trace"] == message.correlation_id.hex


def test_a_request_has_a_line_without_query_and_secrets(lines):
    class Response:
        status_code, data = 201, {"number": "CV-2XTV3-MCB39"}

    request = RequestFactory().post("/orders/q8ZtAcLkA1H3gDvo3kJ5Ww/?token=secret")
    with tracing.chain(tracing.Chain(TRACE)):
        AccessLogMiddleware(lambda request: Response())(request)
    (line,) = lines
    assert line["message"] == "POST /orders/q8Zt…/ 201"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/orders/q8Zt…/", 201)
    assert line["duration_ms"] >= 0
    assert (line["order"], line["trace"]) == ("CV-2XTV3-MCB39", TRACE.hex)


def test_a_line_of_granians_access_log_has_no_address_and_no_secret():
    known = {"addr": "192.0.2.7", "method": "GET", "path": "/orders/q8ZtAcLkA1H3gDvo3kJ5Ww/", "status": 200}
    line = line_of("[%(addr)s] %(path)s", known, name="granian.access")
    assert line["message"] == "GET /orders/q8Zt…/ 200"


def test_errors_that_end_a_process_or_a_thread_are_lines(lines, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", None)
    stray_output._report(ValueError, ValueError("main"), None)
    stray_output._report_of_thread(
        type("Args", (), {"exc_type": KeyError, "exc_value": KeyError("thread"), "exc_traceback": None})
    )
    assert [(line["level"], line["exception"].splitlines()[-1]) for line in lines] == [
        ("CRITICAL", "ValueError: main"),
        ("CRITICAL", "KeyError: 'thread'"),
    ]
