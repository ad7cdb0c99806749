"""Message payloads of the payments app."""

from uuid import UUID

from messaging.payloads import Payload


class ChargePayment(Payload, task="payments.charge_payment", routing_key="payment.charge"):
    """Charge the payment's method with its amount."""

    payment_id: UUID


class ComparePayment(Payload, task="payments.compare_payment", routing_key="payment.compare"):
    """Compare a payment with the gateway's record. `reference` is the gateway's ID of the charge, where known."""

    payment_id: UUID
    reference: str = ""


class Reconcile(Payload, task="payments.reconcile", routing_key="payment.reconcile"):
    """Find payments that differ from the gateway's record."""


class RefundPayment(Payload, task="payments.refund_payment", routing_key="payment.refund"):
    """Have the gateway make a refund."""

    refund_id: UUID
