"""Spans of messages: their trace, parents, links, attributes and status."""

import uuid

import pytest
from celery.exceptions import Reject, Retry
from django.db import transaction
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from messaging import outbox
from messaging.hooks import observers
from messaging.models import Message, State
from messaging.relay import claim
from messaging.relay.publish import Outcome
from messaging.telemetry import spans, traces
from messaging.transitions.interventions import Intervention, revive
from messaging.worker.task import AlreadySettled, Deferred
from tests.messaging.deliver import deliver, hand_over, send
from tests.messaging.samples import Bug, Sample, TemporaryError, behaviour
from tests.telemetry.conftest import Memory

PROCESS = "process tests.sample"


@pytest.fixture(autouse=True)
def _forget_behaviour():
    yield
    behaviour.clear()


def enqueue(text="text", subject=""):
    with outbox.transaction():
        return outbox.enqueue(Sample(text=text), subject=subject)


def failing(error):
    def act(task, payload):
        raise error

    behaviour["text"] = act


def process_id(message, sends=1):
    return spans.derived_id("process", message.pk, sends)


def links(span):
    return [(link.context.span_id, link.attributes.get("conveyor.reason")) for link in span.links]


@pytest.mark.django_db
def test_a_message_without_a_request_begins_a_trace_whose_id_is_its_correlation_id(memory):
    message = enqueue()
    created = memory.one("create")
    assert created.context.trace_id == message.correlation_id.int
    assert message.traceparent == spans.header_of(created.context)


@pytest.mark.django_db
def test_messages_of_a_request_carry_its_span(memory):
    with memory.tracer.start_as_current_span("request") as request:
        header = memory.traces.traceparent(uuid.UUID(int=request.get_span_context().trace_id))
        assert header == spans.header_of(request.get_span_context())
        assert memory.traces.traceparent(uuid.uuid4())[3:35] != header[3:35]


@pytest.mark.django_db
def test_a_run_is_a_span_below_the_relays_and_above_what_it_enqueues(memory):
    def act(task, payload):
        with task.complete():
            outbox.enqueue(Sample(text="next"))

    behaviour["text"] = act
    message = deliver(enqueue(subject="CV-1"))
    run = memory.one(PROCESS)
    assert run.context.trace_id == message.correlation_id.int
    assert run.context.span_id == process_id(message)
    assert run.parent.span_id == spans.derived_id("send", message.pk, 1)
    assert dict(run.attributes) == {
        "messaging.system": "redis",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "maintenance",
        "messaging.message.id": str(message.pk),
        "conveyor.task": "tests.sample",
        "conveyor.subject": "CV-1",
        "conveyor.message.sends": 1,
        "conveyor.message.redelivered": False,
        "conveyor.message.attempt": 1,
        "conveyor.outcome": "done",
    }
    assert links(run) == []
    following = Message.objects.get(causation_id=message.pk)
    assert following.traceparent == spans.header_of(run.context)


@pytest.mark.django_db
def test_a_failed_run_has_its_exception(memory):
    failing(Bug("broken"))
    message = deliver(enqueue())
    run = memory.one(PROCESS)
    assert message.state == State.DEAD
    assert run.status.status_code is StatusCode.ERROR
    assert run.attributes["error.type"] == "tests.messaging.samples.Bug"
    assert run.attributes["conveyor.outcome"] == "failed"
    assert run.events[0].attributes["exception.message"] == "broken"


@pytest.mark.django_db(transaction=True)
def test_a_retry_and_a_redelivery_link_the_delivery_before(memory):
    failing(TemporaryError("later"))
    message = deliver(enqueue())
    Message.objects.update(available_at="2020-01-01T00:00Z")
    message = send(message)
    hand_over(message)
    first, second = memory.spans(PROCESS)
    assert (first.attributes["conveyor.outcome"], first.attributes["error.type"]) == (
        "retry",
        "tests.messaging.samples.TemporaryError",
    )
    assert links(second) == [(first.context.span_id, "retry")]
    assert second.attributes["conveyor.message.attempt"] == 2
    behaviour.clear()
    Message.objects.update(available_at="2020-01-01T00:00Z")
    hand_over(send(message), redelivered=True)
    third = memory.spans(PROCESS)[-1]
    assert links(third) == [(process_id(message, 3), "redelivery")]
    assert third.context.span_id != process_id(message, 3)
    assert third.attributes["conveyor.message.attempt"] == 4  # the lost delivery was one
    assert {span.context.trace_id for span in memory.spans()} == {message.correlation_id.int}


@pytest.mark.django_db(transaction=True)
def test_an_operators_retry_is_a_span_once_it_is_committed(memory):
    failing(Bug("broken"))
    message = deliver(enqueue())
    intervention = Intervention(actor="operator", action="retry")
    with memory.tracer.start_as_current_span("operator") as operator:
        with transaction.atomic():
            assert revive(message, intervention=intervention)
            transaction.set_rollback(True)
        assert memory.spans("retry tests.sample") == []
        with transaction.atomic():
            assert revive(message, intervention=intervention)
    retry = memory.one("retry tests.sample")
    assert retry.context.trace_id == message.correlation_id.int
    linked = [link.context.span_id for link in retry.links]
    assert linked == [process_id(message), operator.get_span_context().span_id]
    behaviour.clear()
    deliver(message)
    assert links(memory.spans(PROCESS)[-1]) == [(process_id(message), "resend")]


@pytest.mark.django_db
@pytest.mark.parametrize("traceparent", ["", "garbage", f"00-{'1' * 32}-{'2' * 16}-01", f"00-{'0' * 32}-{'2' * 16}-01"])
def test_a_message_whose_context_is_wrong_is_in_the_trace_of_its_chain(memory, traceparent):
    message = enqueue()
    Message.objects.update(traceparent=traceparent)
    message = deliver(message)
    run = memory.one(PROCESS)
    assert message.state == State.DONE
    assert (run.context.trace_id, run.parent) == (message.correlation_id.int, None)


@pytest.mark.django_db
def test_without_a_relay_the_run_is_below_the_span_that_enqueued_it(memory, settings):
    message = send(enqueue())
    settings.CONVEYOR_PUBLISH = "on_commit"
    hand_over(message)
    assert spans.header_of(memory.one(PROCESS).parent) == message.traceparent


@pytest.mark.django_db
def test_what_is_not_sampled_stays_so(monkeypatch):
    off = Memory(ALWAYS_OFF)
    monkeypatch.setattr(observers, "_OBSERVERS", [off.traces])
    behaviour["text"] = lambda task, payload: _complete(task)
    message = deliver(enqueue())
    following = Message.objects.get(causation_id=message.pk)
    assert message.traceparent.endswith("-00")
    assert following.traceparent.endswith("-00")
    assert following.traceparent[3:35] == message.correlation_id.hex
    observers.published(claim.claim(limit=10), Outcome(), seconds=0)
    assert off.spans() == []


def _complete(task):
    with task.complete():
        outbox.enqueue(Sample(text="next"))


def test_the_sampler_treats_ids_that_are_not_random_as_random():
    memory = Memory(TraceIdRatioBased(0.5))
    for number in range(200):
        memory.traces.traceparent(uuid.UUID(int=number << 90))  # the low half, by which the sampler decides, is 0
    assert 60 < len(memory.spans("create")) < 140


@pytest.mark.django_db
def test_a_relays_spans_say_what_the_broker_did_not_take(memory):
    messages = {name: enqueue(name) for name in ("confirmed", "refused", "impossible", "unroutable")}
    batch = claim.claim(limit=10)
    ids = {name: message.pk for name, message in messages.items()}
    outcome = Outcome(
        confirmed={ids["confirmed"]}, impossible={ids["impossible"]: "too large"}, unroutable={ids["unroutable"]}
    )
    observers.published(batch, outcome, seconds=0.25)
    sent = {uuid.UUID(span.attributes["messaging.message.id"]): span for span in memory.spans("send tests.sample")}
    errors = {name: sent[ids[name]].status.description for name in ids}
    assert errors == {
        "confirmed": None,
        "refused": traces.REFUSED,
        "impossible": "too large",
        "unroutable": traces.UNROUTABLE,
    }
    span = sent[ids["confirmed"]]
    assert span.end_time - span.start_time == 250_000_000
    assert spans.header_of(span.parent) == messages["confirmed"].traceparent
    assert span.attributes["messaging.batch.message_count"] == 4


@pytest.mark.parametrize(
    ("error", "outcome", "error_type"),
    [
        (AlreadySettled(), "settled", None),
        (Deferred(), "deferred", None),
        (Retry(exc=KeyError("x")), "retry", "KeyError"),
        (Retry("no exception"), "retry", "RuntimeError"),
        (Reject("database"), "returned", "RuntimeError"),
    ],
    ids=repr,
)
def test_an_outcome_has_a_name_and_only_trouble_is_an_error(memory, error, outcome, error_type):
    task = type("Task", (), {"request": type("Request", (), {"retries": 0})})
    with memory.tracer.start_as_current_span("run") as span:
        traces._conclude(span, task, error)
    run = memory.one("run")
    assert run.attributes["conveyor.outcome"] == outcome
    assert run.attributes.get("error.type") == error_type
    assert (run.status.status_code is StatusCode.ERROR) == bool(error_type)


@pytest.mark.django_db
def test_a_message_goes_on_without_its_spans_if_they_cannot_be_made(memory, monkeypatch, caplog):
    monkeypatch.setattr(memory.traces, "_tracer", None)
    monkeypatch.setattr(memory.traces, "_finished", None)
    message = enqueue()
    observers.published(claim.claim(limit=0) or [message], Outcome(), seconds=0)
    assert deliver(message).state == State.DONE
    assert "an observer of messages failed" in caplog.text
