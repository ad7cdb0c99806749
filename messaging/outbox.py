"""Transactional outbox: writes messages to the ledger in the caller's transaction.

The relay publishes them after the commit. A request therefore never waits for the broker, and a message exists if and
only if the change that caused it was committed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection
from django.db import transaction as db
from django.utils import timezone

from messaging import tracing
from messaging.models import Message
from messaging.models.uuid7 import uuid7
from messaging.payloads import Payload
from messaging.relay import direct
from messaging.topology import Priority, topology
from messaging.transitions import ledger_sql


class OutsideTransaction(RuntimeError):
    """A message enqueued outside a transaction could announce a change that is rolled back, or be lost without it."""


@dataclass
class _Unit:
    """Messages to insert at the end of a `transaction()`, and the savepoint depth at which it began."""

    depth: int
    messages: list[Message] = field(default_factory=list)


_unit: ContextVar[_Unit | None] = ContextVar("conveyor_unit", default=None)


@contextmanager
def transaction() -> Iterator[None]:
    """A database transaction that inserts all its messages in one statement at its end."""
    with db.atomic(savepoint=_unit.get() is None):
        if _unit.get() is not None:
            yield
            return
        unit = _Unit(depth=len(connection.savepoint_ids))
        token = _unit.set(unit)
        try:
            yield
        finally:
            _unit.reset(token)
        ledger_sql.insert(unit.messages)


def enqueue(
    payload: Payload, *, priority: Priority = Priority.NORMAL, subject: str = "", delay: float = 0.0
) -> Message:
    """Write `payload` to the ledger, to be published once the current transaction commits.

    `subject` is what the message is about, such as an order number; `delay` is in seconds.
    Raises `OutsideTransaction`, and `UnroutableKey` if no queue is bound for the payload's routing key.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(
            f"{payload.task} was enqueued outside a transaction and not saved; make the change and this call inside "
            "messaging.outbox.transaction()."
        )
    message = _row(payload, priority=priority, subject=subject, delay=delay)
    unit = _unit.get()
    if direct.is_on():
        direct.send(message)
    elif unit is not None and not any(connection.savepoint_ids[unit.depth :]):
        unit.messages.append(message)
    else:
        # A row written inside a savepoint is rolled back with it.
        ledger_sql.insert([message])
    return message


def _row(payload: Payload, *, priority: Priority, subject: str, delay: float) -> Message:
    id_ = uuid7()
    chain = tracing.current() or tracing.Chain(id_)
    routing_key = priority.routing_key(payload.routing_key)
    now = timezone.now()
    return Message(
        id=id_,
        task=payload.task,
        queue=topology().queue_for(routing_key),
        routing_key=routing_key,
        priority=priority,
        payload=payload.dump(),
        schema_version=payload.version,
        available_at=now + timedelta(seconds=delay),
        subject=subject,
        correlation_id=chain.correlation_id,
        causation_id=chain.causation_id,
        traceparent=chain.traceparent(),
        created_at=now,
    )
