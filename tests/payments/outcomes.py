"""What tests check and interrupt: the status of an order, its payment, and the invariants."""

from collections.abc import Callable
from typing import Any

from messaging.invariants import audit
from messaging.models import Message
from messaging.outbox import enqueue, transaction
from orders.models import Order
from payments import selectors
from payments.gateways import ChargeResult, RefundRecord
from payments.gateways.simulated import SimulatedGateway
from payments.payloads import Reconcile
from payments.selectors import PaymentSummary
from tests.delivery import claim_task, deliver, deliver_due

CHARGE, REFUND, COMPARE = "payments.charge_payment", "payments.refund_payment", "payments.compare_payment"


def summary(order: Order) -> PaymentSummary:
    found = selectors.summary(order_id=order.pk)
    assert found is not None
    return found


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def is_sound() -> bool:
    """Whether no invariant is broken."""
    violations = audit()
    assert violations == []
    return True


def reconcile() -> list[Message]:
    """Run the periodic reconciliation and the comparisons that it enqueues."""
    with transaction():
        enqueue(Reconcile())
    deliver(claim_task(task=Reconcile.task))
    return [message for message in deliver_due() if message.task == COMPARE]


class Interrupted(SimulatedGateway):
    """A gateway that calls `then` after each request, before the shop records the result."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.then = then

    def charge(self, **kwargs: Any) -> ChargeResult:
        result = super().charge(**kwargs)
        self.then()
        return result

    def refund(self, **kwargs: Any) -> RefundRecord:
        result = super().refund(**kwargs)
        self.then()
        return result
