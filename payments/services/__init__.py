"""Payment services: every write to payments, refunds and gateway events goes through here.

Rows are locked in one order everywhere: first the order (changing its status is an UPDATE), then its payments. So a
charge and a cancellation of the same order can wait for each other, but never deadlock.
"""

from payments.services.captures import capture_once, request_capture
from payments.services.charges import (
    cancel_payment,
    charge_once,
    recheck_cancelled_payment,
    release_if_ended,
    replace_payment,
    start_payment,
)
from payments.services.follow_up import follow_up
from payments.services.gateway_events import enqueue_comparison, record_event
from payments.services.outcomes import record_decline, record_loss, record_outcome
from payments.services.refund_outcomes import align_refunds, record_refund
from payments.services.refunds import (
    execute_refund,
    refund_if_unwanted,
    refund_order,
    refund_remainder,
    repeat_refund,
    settle_refund,
)
from payments.services.voids import enqueue_void, follow_void, void_at_gateway
from payments.services.write_offs import write_off

__all__ = [
    "align_refunds",
    "cancel_payment",
    "capture_once",
    "charge_once",
    "enqueue_comparison",
    "enqueue_void",
    "execute_refund",
    "follow_up",
    "follow_void",
    "recheck_cancelled_payment",
    "record_decline",
    "record_event",
    "record_loss",
    "record_outcome",
    "record_refund",
    "refund_if_unwanted",
    "refund_order",
    "refund_remainder",
    "release_if_ended",
    "repeat_refund",
    "replace_payment",
    "request_capture",
    "settle_refund",
    "start_payment",
    "void_at_gateway",
    "write_off",
]
