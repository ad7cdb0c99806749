"""Reconciliation: compares a payment with the gateway's record, and repairs what is safe to repair.

Webhook events and the periodic run (`payments.reconciliation_run`) lead to the same comparison, which reads the
gateway's current record. So neither the order nor the number of events matters, and a late one never reverts anything.
"""

import uuid

from django.utils import timezone

from messaging.models import Message
from payments import selectors, services
from payments.errors import GatewayMismatch
from payments.gateways import ChargeRecord, gateway
from payments.models import UNSETTLED, Payment, PaymentStatus
from payments.payloads import RefundPayment


def gateway_record(*, key: uuid.UUID, reference: str = "") -> ChargeRecord | None:
    """The gateway's record of a payment. Raises `GatewayUnavailable`."""
    known = Payment.objects.filter(pk=key).values_list("gateway_reference", flat=True).first()
    return gateway().fetch(idempotency_key=str(key), reference=reference or known or "")


def reconcile_payment(*, key: uuid.UUID, record: ChargeRecord | None) -> None:
    """Bring a payment in line with the gateway's `record`, inside the caller's transaction.

    A capture or a decline that the shop has not recorded is safe to apply. Raises `GatewayMismatch` for any other
    difference; nothing is written then.
    """
    payment = Payment.objects.select_related("order").filter(pk=key).first()
    if payment is None:
        if record is not None and record.captured > record.refunded:
            raise GatewayMismatch(
                f"The gateway captured {_net_amount(record)} ({record.reference}), but no payment is known for it."
            )
        return
    if payment.status in UNSETTLED:
        _apply(payment, record)
    elif not _has_pending_refund(payment):
        _check_agreement(payment, record)
        Payment.objects.filter(pk=key).update(confirmed_at=timezone.now())


def _apply(payment: Payment, record: ChargeRecord | None) -> None:
    charge = record.charge if record else None
    if charge is not None:
        if (charge.amount, charge.currency) != (payment.amount, payment.currency):
            raise GatewayMismatch(f"Payment {payment.pk} is for {payment.amount}, but {charge.amount} was captured.")
        services.record_capture(payment=payment, charge=charge)
    elif record is not None and record.declined and payment.status == PaymentStatus.PENDING:
        services.record_decline(payment=payment, code=record.declined)


def _check_agreement(payment: Payment, record: ChargeRecord | None) -> None:
    if record is None or not record.captured:
        raise GatewayMismatch(f"Payment {payment.pk} is {payment.status}, but the gateway has no such charge.")
    if record.captured != payment.amount:
        raise GatewayMismatch(f"Payment {payment.pk} is for {payment.amount}, but {record.captured} was captured.")
    refunded = selectors.refunded_amount(payment=payment)
    if record.refunded != refunded:
        raise GatewayMismatch(
            f"The gateway refunded {record.refunded} of payment {payment.pk}, but {refunded} is recorded."
        )


def _has_pending_refund(payment: Payment) -> bool:
    """Whether a refund message will still change the payment and record its own outcome."""
    refunds = Message.objects.unsettled().filter(subject=payment.order.number, task=RefundPayment.task)
    return refunds.exists()


def _net_amount(record: ChargeRecord) -> str:
    return f"{record.captured - record.refunded} {record.currency}"
