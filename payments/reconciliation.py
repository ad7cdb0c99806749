"""Reconciliation: compares a payment with the gateway's record, and repairs what is safe to repair.

Webhook events and the periodic run (`payments.reconciliation_run`) lead to the same comparison, which reads the
gateway's current record. So neither the order nor the number of events matters, and a late one never reverts anything.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils import timezone

from orders.money import display
from payments import services
from payments.errors import GatewayMismatch
from payments.gateways import ChargeRecord, ChargeState, RefundRecord, gateway
from payments.models import RESERVED, UNSETTLED, Payment, PaymentStatus, Refund, RefundStatus


@dataclass(frozen=True, slots=True)
class Found:
    """What the gateway has of a payment. `before` are the shop's refunds as they were before it was asked."""

    charge: ChargeRecord | None
    refunds: tuple[RefundRecord, ...] = ()
    before: Mapping[uuid.UUID, Refund] = field(default_factory=dict)


def ask_gateway(*, key: uuid.UUID, reference: str = "") -> Found:
    """The gateway's record of a payment and its refunds. Raises `GatewayUnavailable` and `AnotherGateway`."""
    before = {refund.pk: refund for refund in Refund.objects.filter(payment=key)}
    known = Payment.objects.filter(pk=key).values_list("gateway", "gateway_reference").first() or ("", "")
    asked = gateway(of=known[0])
    charge = asked.fetch(idempotency_key=str(key), reference=reference or known[1])
    if charge is None or not (charge.refunded or before):
        return Found(charge)
    return Found(charge, asked.refunds(charge_reference=charge.reference), before)


def reconcile_payment(*, key: uuid.UUID, found: Found) -> None:
    """Bring a payment in line with what was `found` at the gateway, inside the caller's transaction.

    An outcome or a refund that the shop has not recorded is safe to apply. Raises `GatewayMismatch` for any other
    difference; nothing is written then.
    """
    payment, charge = Payment.objects.select_related("order").filter(pk=key).first(), found.charge
    if payment is None:
        if charge is not None and charge.captured > charge.refunded:
            raise GatewayMismatch(
                f"The gateway captured {_net_amount(charge)} ({charge.reference}), but no payment is known for it."
            )
        return
    if payment.status in UNSETTLED:
        _apply(payment, charge)
        payment.refresh_from_db()
    if payment.status not in UNSETTLED:
        _check_agreement(payment, found)
        services.align_refunds(payment=payment, before=found.before, records=found.refunds)
        services.refund_if_unwanted(payment=payment)
        Payment.objects.filter(pk=key).update(confirmed_at=timezone.now())
    elif payment.status == PaymentStatus.AUTHORISED:
        services.release_if_ended(payment=payment)
        Payment.objects.filter(pk=key).update(confirmed_at=timezone.now())


def _apply(payment: Payment, record: ChargeRecord | None) -> None:
    if record is None:
        _check_is_known(payment)
    elif record.charge is not None:
        services.record_outcome(payment=payment, charge=record.charge)
    elif record.state is ChargeState.DECLINED and payment.status != PaymentStatus.AUTHORISED:
        services.record_decline(payment=payment, code=record.declined or "declined")
    else:
        services.record_loss(payment=payment)


def _check_is_known(payment: Payment) -> None:
    """A search by key may lag; the gateway answers at once for a charge whose reference it has given."""
    if payment.status in RESERVED:
        raise GatewayMismatch(f"Payment {payment.pk} is {payment.status}, but the gateway has no such charge.")


def _check_agreement(payment: Payment, found: Found) -> None:
    if found.charge is None or not found.charge.captured:
        raise GatewayMismatch(f"Payment {payment.pk} is {payment.status}, but the gateway has no such charge.")
    captured, currency = found.charge.captured, found.charge.currency
    if (captured, currency) != (payment.amount, payment.currency):
        wanted, got = display(payment.amount, payment.currency, "en"), display(captured, currency, "en")
        raise GatewayMismatch(f"Payment {payment.pk} is for {wanted}, but {got} was captured.")
    made = {record.reference for record in found.refunds}
    for refund in found.before.values():
        if refund.status == RefundStatus.DONE and refund.gateway_reference not in made:
            raise GatewayMismatch(f"Refund {refund.pk} is done, but the gateway has no such refund.")


def _net_amount(record: ChargeRecord) -> str:
    return f"{record.captured - record.refunded} {record.currency}"
