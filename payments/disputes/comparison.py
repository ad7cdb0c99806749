"""Compares a dispute with the gateway's record, whose current state decides.

So neither the order nor the number of webhook events matters, and a late one never reverts anything.
"""

from dataclasses import dataclass

from payments import reconciliation
from payments.disputes.selectors import payment_of
from payments.disputes.services import record_dispute
from payments.gateways import DisputeRecord, gateway
from payments.models import UNSETTLED, Dispute, Payment


@dataclass(frozen=True, slots=True)
class FoundDispute:
    """What the gateway has of a dispute of `payment`. `before` is the shop's dispute as it was before it was asked.

    `of_payment` is read only if the shop has not recorded the disputed charge yet.
    """

    record: DisputeRecord
    payment: Payment
    before: Dispute | None
    of_payment: reconciliation.Found | None = None


def ask_gateway(*, reference: str) -> FoundDispute | None:
    """None for a dispute of a charge that is not the shop's. Raises `GatewayUnavailable`."""
    before = Dispute.objects.filter(gateway_id=reference).first()
    record = gateway().fetch_dispute(reference=reference)
    payment = payment_of(key=record.key) if record else None
    if record is None or payment is None:
        return None
    if payment.status not in UNSETTLED:
        return FoundDispute(record, payment, before)
    return FoundDispute(record, payment, before, reconciliation.ask_gateway(key=payment.pk))


def compare(*, found: FoundDispute) -> None:
    """Record what was found, inside the caller's transaction: the charge first, then its dispute."""
    if found.of_payment is not None:
        reconciliation.reconcile_payment(key=found.payment.pk, found=found.of_payment)
    record_dispute(payment=found.payment, record=found.record, before=found.before)
