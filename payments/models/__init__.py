"""Models of payments: payments with their refunds, disputes, and the simulated gateway's own records."""

from payments.models.disputes import UNDECIDED, Dispute, DisputeQuerySet, DisputeStatus, GatewayDispute
from payments.models.payments import (
    OPEN,
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    RETURNED,
    SETTLED,
    UNSETTLED,
    GatewayCall,
    GatewayCharge,
    GatewayEvent,
    GatewayRefund,
    Payment,
    PaymentStatus,
    Refund,
    RefundSource,
    RefundStatus,
)

__all__ = [
    "OPEN",
    "PAYMENT_TRANSITIONS",
    "REFUND_TRANSITIONS",
    "RETURNED",
    "SETTLED",
    "UNDECIDED",
    "UNSETTLED",
    "Dispute",
    "DisputeQuerySet",
    "DisputeStatus",
    "GatewayCall",
    "GatewayCharge",
    "GatewayDispute",
    "GatewayEvent",
    "GatewayRefund",
    "Payment",
    "PaymentStatus",
    "Refund",
    "RefundSource",
    "RefundStatus",
]
