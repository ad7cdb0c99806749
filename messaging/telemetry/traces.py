"""Traces: spans of messages by OpenTelemetry's conventions, so that one trace shows an order from click to shipment.

    POST api/v1/orders/                      the request, or a message's run, that enqueues
      send payments.charge_payment           a relay publishes the message, from the claim to the broker's confirm
        process payments.charge_payment      a worker runs it; what it enqueues follows below

What lies between two of them is waiting: for the relay in the ledger, for a worker in the broker. A relay makes one
span for each message rather than one for its batch, which would belong to the traces of a thousand orders.
Each later delivery of a message is another `process` in the same trace, with a link to the one before. When an
operator retries a dead message, a span `retry` says so, with a link to the operator's request.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/; spans are named after the task rather than the
queue, which says less and is an attribute.
"""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from celery.exceptions import Reject, Retry
from django.db import transaction
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer

from messaging.hooks.next_steps import recorded_name
from messaging.hooks.observers import Ending, Observer
from messaging.models import Message
from messaging.relay import direct
from messaging.relay.claim import Claimed
from messaging.relay.publish import Outcome
from messaging.telemetry import spans
from messaging.topology import UnroutableKey, topology
from messaging.transitions.interventions import Intervention
from messaging.worker.admission import HEADER
from messaging.worker.task import AlreadySettled, Deferred, ReliableTask

REFUSED: Final = "The broker has not confirmed it; it is sent again."
UNROUTABLE: Final = "No queue is bound for its routing key."
#: What became of a delivery, by what its run raised; anything else is a failure.
_OUTCOMES: Final[dict[type, str]] = {
    AlreadySettled: "settled",
    Deferred: "deferred",
    Reject: "returned",
    Retry: "retry",
}
_NO_ERRORS: Final = (AlreadySettled, Deferred)


class Traces(Observer):
    """Makes the spans. `system` is the broker by its name in the conventions: `rabbitmq` or `redis`."""

    def __init__(self, *, tracer: Tracer, finished: spans.FinishedSpans, system: str) -> None:
        self._tracer, self._finished, self._system = tracer, finished, system

    def traceparent(self, trace_id: uuid.UUID) -> str:
        """The span that is current, if it is of this trace. Else `create` is the first one: beat has no request."""
        current = trace.get_current_span().get_span_context()
        if current.is_valid and current.trace_id == trace_id.int:
            return spans.header_of(current)
        attributes = self._operation("create")
        is_sampled = self._finished.samples(trace_id.int, "create", kind=SpanKind.PRODUCER, attributes=attributes)
        flags = TraceFlags(TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT)
        root = SpanContext(trace_id.int, spans.random_id(), is_remote=False, trace_flags=flags)
        if is_sampled:
            self._finished.add("create", root, kind=SpanKind.PRODUCER, attributes=attributes)
        return spans.header_of(root)

    def published(self, batch: Sequence[Claimed], outcome: Outcome, *, seconds: float) -> None:
        for message in batch:
            parent = spans.context_of(message.traceparent)
            if parent is not None and parent.trace_flags.sampled:
                self._finished.add(
                    f"send {message.task}",
                    spans.sibling(parent, spans.derived_id("send", message.pk, message.sends)),
                    kind=SpanKind.PRODUCER,
                    attributes=self._sent(message, len(batch)),
                    parent=parent,
                    error=_refusal(message.pk, outcome),
                    seconds=seconds,
                )

    def started(self, task: ReliableTask) -> Ending:
        span = self._start(task)
        token = contexts.attach(trace.set_span_in_context(span))

        def end(error: BaseException | None) -> None:
            contexts.detach(token)
            _conclude(span, task, error)

        return end

    def revived(self, messages: Sequence[Message], intervention: Intervention, **_sent: Any) -> None:
        """Receiver of `messages_revived`. Nothing is recorded if the transaction fails."""
        operator = trace.get_current_span().get_span_context()
        transaction.on_commit(lambda: self._record_revived(messages, intervention, operator), robust=True)

    def _record_revived(self, messages: Sequence[Message], intervention: Intervention, operator: SpanContext) -> None:
        by = {"conveyor.action": intervention.action}
        for message in messages:
            parent = spans.context_of(message.traceparent)
            if parent is None or not parent.trace_flags.sampled:
                continue
            earlier = spans.sibling(parent, spans.derived_id("process", message.pk, message.sends))
            self._finished.add(
                f"retry {message.task}",
                spans.sibling(parent, spans.random_id()),
                kind=SpanKind.INTERNAL,
                attributes=by | self._message("retry", message.pk, message.task, message.queue, message.subject),
                parent=parent,
                links=[Link(earlier), *([Link(operator)] if operator.is_valid else [])],
            )

    def _start(self, task: ReliableTask) -> Span:
        id_, trace_id = uuid.UUID(task.request.id), uuid.UUID(task.request.get(HEADER)["correlation_id"]).int
        created = spans.context_of(task.request.get("traceparent") or "")
        if created is not None and created.trace_id != trace_id:  # the chain of the messages that it enqueues decides
            created = None
        parent = created
        if created and not direct.is_on():
            parent = spans.sibling(created, spans.derived_id("send", id_, task.sends))
        is_first = not task.is_redelivered
        span_id = spans.derived_id("process", id_, task.sends) if is_first else spans.random_id()
        with spans.ids(trace_id, span_id):
            return self._tracer.start_span(
                f"process {task.name}",
                trace.set_span_in_context(NonRecordingSpan(parent)) if parent else contexts.Context(),
                kind=SpanKind.CONSUMER,
                attributes=self._delivered(task, id_),
                links=_earlier(task, id_, created) if created else (),
            )

    def _delivered(self, task: ReliableTask, id_: uuid.UUID) -> dict[str, Any]:
        key = (task.request.delivery_info or {}).get("routing_key") or ""
        try:
            queue = topology().queue_for(key)
        except UnroutableKey:
            queue = key
        known = self._message("process", id_, task.name, queue, task.request.get("kwargsrepr") or "")
        return known | {"conveyor.message.sends": task.sends, "conveyor.message.redelivered": task.is_redelivered}

    def _sent(self, message: Claimed, count: int) -> dict[str, Any]:
        known = self._message("send", message.pk, message.task, message.queue, message.subject)
        return known | {"messaging.batch.message_count": count, "conveyor.message.sends": message.sends}

    def _message(self, operation: str, id_: uuid.UUID, task: str, queue: str, subject: str) -> dict[str, Any]:
        return self._operation(operation) | {
            "messaging.destination.name": queue,
            "messaging.message.id": str(id_),
            "conveyor.task": task,
            **({"conveyor.subject": subject} if subject else {}),
        }

    def _operation(self, name: str) -> dict[str, Any]:
        return {"messaging.system": self._system, "messaging.operation.name": name, "messaging.operation.type": name}


def _refusal(id_: uuid.UUID, outcome: Outcome) -> str:
    """Why a message was not published; empty if it was."""
    if id_ in outcome.confirmed:
        return ""
    return UNROUTABLE if id_ in outcome.unroutable else outcome.impossible.get(id_, REFUSED)


def _earlier(task: ReliableTask, id_: uuid.UUID, created: SpanContext) -> list[Link]:
    """A link to the delivery before this one; none if this is the first.

    A publication may be repeated for another reason than a failed attempt: an operator's retry, an open circuit, a
    lost message. Such a link says `resend`.
    """
    if not task.is_redelivered and task.sends < 2:
        return []
    reason = "redelivery" if task.is_redelivered else "retry" if task.request.retries else "resend"
    sends = task.sends if task.is_redelivered else task.sends - 1
    return [Link(spans.sibling(created, spans.derived_id("process", id_, sends)), {"conveyor.reason": reason})]


def _conclude(span: Span, task: ReliableTask, error: BaseException | None) -> None:
    """`error` is what the run raised. The attempt is set last: a lookup in the ledger may have counted another one."""
    if span.is_recording():
        span.set_attribute("conveyor.message.attempt", task.request.retries + 1)
        span.set_attribute("conveyor.outcome", _OUTCOMES.get(type(error), "failed") if error else "done")
        if error and not isinstance(error, _NO_ERRORS):
            cause = _cause(error)
            span.record_exception(cause)
            span.set_attribute("error.type", recorded_name(type(cause)))
            span.set_status(StatusCode.ERROR, str(cause))
    span.end()


def _cause(error: BaseException) -> Exception:
    """What made the task retry, or the worker return the message."""
    known = error.exc if isinstance(error, Retry) else error.__cause__ if isinstance(error, Reject) else error
    return known if isinstance(known, Exception) else RuntimeError(str(known or error))
