"""Orders with refunds, and what the gateway does to them."""

import uuid
from typing import Any

from messaging.models import Message
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from orders.models import Order
from orders.services.operators import Trusted
from payments.gateways import OutcomeUnknown, RefundRecord, RefundState
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayRefund, Payment, Refund
from payments.services import enqueue_comparison, refund_order
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.factories import place
from tests.payments.outcomes import COMPARE, REFUND


class RepliesLost(SimulatedGateway):
    """Makes a refund, loses its reply, and cannot be reached after that."""

    def find_refund(self, **kwargs: Any) -> RefundRecord | None:
        if GatewayRefund.objects.exists():
            raise OutcomeUnknown("No reply.", concerns_all=False)
        return None

    def refund(self, **kwargs: Any) -> RefundRecord:
        super().refund(**kwargs)
        raise OutcomeUnknown("The reply was lost.", concerns_all=False)


def delivered(*, method: str = "pm_card_visa") -> Order:
    order = place(payment_method=method)
    deliver_all()
    order.refresh_from_db()
    return order


def start_refund(order: Order, amount: int, *, reason: str = "late") -> Refund:
    made = refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("olga"), reason=reason)
    assert made is not None
    return made


def work_off() -> None:
    """Deliver the order's messages, and look up pending refunds until they are settled."""
    deliver_due()
    while make_due(task=REFUND):
        deliver_due()


def failed(amount: int = 700) -> Refund:
    """A refund that the gateway accepted, and that failed later."""
    refund = start_refund(delivered(method="pm_refund_fails"), amount)
    work_off()
    return fresh(refund)


def fresh(refund: Refund) -> Refund:
    return Refund.objects.select_related("payment__order").get(pk=refund.pk)


def owed_back(order: Order) -> int:
    """Minor units that the shopper is still to get back."""
    return sum(refund.amount for refund in Refund.objects.filter(payment__order=order) if refund.is_open)


def settle_at_gateway(refund: Refund, state: RefundState) -> None:
    GatewayRefund.objects.filter(reference=fresh(refund).gateway_reference).update(status=state.value, looks=9)


def refund_outside(payment: Payment, amount: int) -> GatewayRefund:
    """Somebody refunds in the gateway's dashboard: without a key of the shop."""
    made = SimulatedGateway().refund(idempotency_key="", charge_reference=payment.gateway_reference, amount=amount)
    return GatewayRefund.objects.get(reference=made.reference)


def compare(payment: Payment) -> str:
    """A webhook or the periodic run has the payment compared with the gateway's record. Returns the message's state."""
    enqueue_comparison(key=payment.pk, reference=payment.gateway_reference, number=payment.order.number)
    return deliver(claim_task(task=COMPARE))


def retry_dead() -> None:
    """An operator retries the refund's dead message."""
    retry(ids=[Message.objects.dead().get(task=REFUND).pk], actor=Actor.system("olga"))
    deliver_due()


def refunded_at_gateway() -> int:
    """Minor units that left the shop through the gateway, or are on their way."""
    return sum(GatewayRefund.objects.exclude(status="failed").values_list("amount", flat=True))
