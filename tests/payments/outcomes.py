"""What tests check and interrupt: the status of an order, its payment, and the invariants."""

from collections.abc import Callable
from typing import Any

from messaging.invariants import audit
from orders.models import Order
from payments import selectors
from payments.gateways import ChargeResult, RefundResult
from payments.gateways.simulated import SimulatedGateway
from payments.selectors import PaymentSummary

CHARGE, REFUND = "payments.charge_payment", "payments.refund_payment"


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


class Interrupted(SimulatedGateway):
    """A gateway that calls `then` after each request, before the shop records the result."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.then = then

    def charge(self, **kwargs: Any) -> ChargeResult:
        result = super().charge(**kwargs)
        self.then()
        return result

    def refund(self, **kwargs: Any) -> RefundResult:
        result = super().refund(**kwargs)
        self.then()
        return result
