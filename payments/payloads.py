"""Which messages do payments send to themselves?"""

from uuid import UUID

from messaging.payloads import Payload


class ChargePayment(Payload, task="payments.charge_payment", routing_key="payment.charge"):
    """Take the money that the payment is for."""

    payment_id: UUID


class RefundPayment(Payload, task="payments.refund_payment", routing_key="payment.refund"):
    """Give back the money that the refund is for."""

    refund_id: UUID
