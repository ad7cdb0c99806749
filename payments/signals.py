"""Signals of payments: captured and refunded money.

Both are sent inside the transaction that records the gateway's answer, after everything is written. Either may be sent
again for the same object, after a refund failed and was repeated: receivers are idempotent.
"""

from django.dispatch import Signal

#: Sent by `record_outcome` when a capture is recorded. Carries `payment: Payment`, with its order in `payment.order`.
payment_captured = Signal()

#: Sent when a refund becomes done, or is settled by hand. Carries `refund: Refund`.
refund_returned = Signal()
