"""Orders whose payments are disputed at the simulated gateway."""

import uuid

from messaging import outbox
from orders.models import Order
from orders.timeline import describe
from payments.gateways import DisputeState, WebhookEvent, simulated_disputes
from payments.models import Dispute, Payment
from payments.services import record_event
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import place
from tests.payments.outcomes import capture_now

COMPARE = "payments.compare_dispute"


def delivered(*, city: str = "Bern") -> Order:
    order = place(city=city)
    deliver_all()
    return fresh(order)


def paid() -> Order:
    """Captured, although its parcel is not booked yet."""
    order = place()
    deliver(claim_task(task="payments.charge_payment"))
    capture_now(order)
    return fresh(order)


def open_at_gateway(order: Order, *, amount: int | None = None, is_inquiry: bool = False) -> str:
    reference = order.payments.get().gateway_reference
    return simulated_disputes.open_dispute(charge_reference=reference, amount=amount, is_inquiry=is_inquiry).reference


def report(order: Order, dispute_id: str) -> None:
    """The gateway's webhook reports news of a dispute."""
    payment = Payment.objects.get(order=order)
    with outbox.transaction():
        record_event(
            event=WebhookEvent(
                f"evt_{uuid.uuid4().hex}", "charge.dispute.updated", None, payment.gateway_reference, dispute_id
            )
        )


def disputed(order: Order, *, amount: int | None = None, is_inquiry: bool = False) -> Dispute:
    """A dispute that the shop has recorded; nothing else was delivered meanwhile."""
    reference = open_at_gateway(order, amount=amount, is_inquiry=is_inquiry)
    report(order, reference)
    deliver(claim_task(task=COMPARE))
    return Dispute.objects.get(gateway_id=reference)


def decide(dispute: Dispute, state: DisputeState) -> None:
    """The bank decides, and the shop works off all that follows."""
    simulated_disputes.decide(reference=dispute.gateway_id, state=state)
    report(dispute.payment.order, dispute.gateway_id)
    deliver_due()
    dispute.refresh_from_db()


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def texts(order: Order) -> list[str]:
    return [describe(event) for event in order.events.all()]
