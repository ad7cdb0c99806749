"""What tests check and interrupt: the status of an order, its payment, and the invariants."""

from collections.abc import Callable
from typing import Any

from messaging.invariants import audit
from messaging.models import Message
from messaging.outbox import enqueue, transaction
from orders.models import Order
from payments import selectors, services
from payments.gateways import Charge, RefundRecord, gateway
from payments.gateways.simulated import SimulatedGateway
from payments.models import PaymentStatus
from payments.payloads import Reconcile
from payments.selectors import PaymentSummary
from tests.delivery import claim_task, deliver, deliver_due

CHARGE, REFUND, COMPARE = "payments.charge_payment", "payments.refund_payment", "payments.compare_payment"
CAPTURE, VOID = "payments.capture_payment", "payments.void_payment"
RETURN_URL = "https://shop.example/orders/x/"


def authorised(*, idempotency_key: str, amount: int, method: str = "pm_card_visa", currency: str = "EUR") -> Charge:
    """Reserve money at the gateway, behind the shop's back."""
    return gateway().authorise(
        idempotency_key=idempotency_key, amount=amount, currency=currency, method=method, return_url=RETURN_URL
    )


def charged(*, idempotency_key: str, amount: int, method: str = "pm_card_visa", currency: str = "EUR") -> Charge:
    """Take money at the gateway, behind the shop's back."""
    charge = authorised(idempotency_key=idempotency_key, amount=amount, method=method, currency=currency)
    return gateway().capture(idempotency_key=idempotency_key, reference=charge.reference, amount=amount)


def capture_now(order: Order) -> None:
    """Capture the order's authorised payment before it has shipped, as somebody may do in the gateway's dashboard."""
    payment = order.payments.select_related("order").get(status=PaymentStatus.AUTHORISED)
    charge = gateway().capture(
        idempotency_key=str(payment.pk), reference=payment.gateway_reference, amount=payment.amount
    )
    services.record_outcome(payment=payment, charge=charge)


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

    def authorise(self, **kwargs: Any) -> Charge:
        result = super().authorise(**kwargs)
        self.then()
        return result

    def refund(self, **kwargs: Any) -> RefundRecord:
        result = super().refund(**kwargs)
        self.then()
        return result
