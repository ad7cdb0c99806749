"""Payment services: every write to payments, refunds and gateway events goes through here.

Rows are locked in one order everywhere: first the order (changing its status is an UPDATE), then its payments. So a
charge and a cancellation of the same order can wait for each other, but never deadlock.
"""

from payments.services.charges import (
    cancel_payment,
    charge_once,
    recheck_cancelled_payment,
    record_capture,
    record_decline,
    start_payment,
)
from payments.services.gateway_events import enqueue_comparison, record_event
from payments.services.refund_outcomes import align_refunds, record_refund
from payments.services.refunds import (
    execute_refund,
    refund_if_cancelled,
    refund_order,
    refund_remainder,
    repeat_refund,
    settle_refund,
)

__all__ = [
    "align_refunds",
    "cancel_payment",
    "charge_once",
    "enqueue_comparison",
    "execute_refund",
    "recheck_cancelled_payment",
    "record_capture",
    "record_decline",
    "record_event",
    "record_refund",
    "refund_if_cancelled",
    "refund_order",
    "refund_remainder",
    "repeat_refund",
    "settle_refund",
    "start_payment",
]
