"""Helpers of the state machine test: audit changes, draw rows, publish messages, locate an order's items."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import strategies as st

from messaging.invariants import Invariant, registered, violations
from messaging.models import Message, State
from orders.models import Order, Status
from shipping.models import STRANDED, Shipment
from shop.models import StockMovement

#: Affect neither stock nor money.
MAILS = "orders.send_email"
_WORDS = re.compile(r"\w+")


class AuditOfChanges:
    """The audit, which takes most of the test's time, of only those invariants that read a table written since.

    What an invariant reads, its own last statements say.
    """

    def __init__(self) -> None:
        self._tables = frozenset(connection.introspection.django_table_names())
        self._written = set(self._tables)
        self._reads: dict[str, set[str]] = {}
        self._reading: set[str] | None = None
        self._found: dict[str, str] = {}
        self._watch = ExitStack()
        self._watch.enter_context(connection.execute_wrapper(self._look))

    def broken(self) -> dict[str, str]:
        written, self._written = self._written, set()
        for one in registered():
            if not written.isdisjoint(self._reads.get(one.name) or self._tables):
                self._check(one)
        return {name: details for name, details in self._found.items() if details}

    def end(self) -> None:
        self._watch.close()

    def _check(self, one: Invariant) -> None:
        self._reading = self._reads[one.name] = set()
        try:
            self._found[one.name] = "\n".join(violation.detail for violation in violations(one))
        finally:
            self._reading = None

    def _look(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if self._reading is not None:
            self._reading |= self._named(sql)
        elif not sql.startswith(("SELECT", "BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT")):
            self._written |= self._named(sql)
        return execute(sql, params, many, context)

    def _named(self, sql: str) -> frozenset[str]:
        return self._tables.intersection(_WORDS.findall(sql))


def one_of(data: st.DataObject, rows: QuerySet[Any]) -> Any:
    """One of the rows, drawn oldest first so that hypothesis can shrink; None if there are none."""
    found = list(rows.order_by("pk"))
    return data.draw(st.sampled_from(found)) if found else None


def pending() -> QuerySet[Message]:
    """All pending messages except e-mails."""
    return Message.objects.filter(state=State.PENDING).exclude(task=MAILS)


def publish(message: Message) -> None:
    """Mark as sent, as the relay does, whether due or not."""
    message.state, message.sent_at, message.sends = State.SENT, timezone.now(), message.sends + 1
    message.save(update_fields=["state", "sent_at", "sends"])


def pieces(order: Order) -> int:
    return sum(order.lines.values_list("quantity", flat=True))


def out(order: Order) -> int:
    """Pieces that the order holds; lost ones are written off under another reference."""
    return -sum(StockMovement.objects.filter(reference=order.number).values_list("quantity", flat=True))


def may_be_out(order: Order) -> tuple[int, ...]:
    """Pieces: none if unpaid, all if delivered; otherwise they may have been restocked or not."""
    if order.status == Status.PAYMENT_FAILED:
        return (0,)
    return (pieces(order),) if order.status == Status.DELIVERED else (0, pieces(order))


def is_stranded(order: Order) -> bool:
    """Its parcel was lost or returned and needs a decision."""
    return Shipment.objects.filter(current_for=order, status__in=STRANDED).exists()
