"""Which messages do payments send to themselves?"""

from uuid import UUID

from messaging.payloads import Payload


class ChargePayment(Payload, task="payments.charge_payment", routing_key="payment.charge"):
    """Take the money that the payment is for."""

    payment_id: UUID


class ComparePayment(Payload, task="payments.compare_payment", routing_key="payment.compare"):
    """Compare a payment with the gateway's record of it. `reference` is the gateway's name for it, where known."""

    payment_id: UUID
    reference: str = ""


class Reconcile(Payload, task="payments.reconcile", routing_key="payment.reconcile"):
    """Look for payments that differ from the gateway's record."""


class RefundPayment(Payload, task="payments.refund_payment", routing_key="payment.refund"):
    """Give back the money that the refund is for."""

    refund_id: UUID
