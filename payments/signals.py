"""Signals of payments: captured and refunded money, and what is left of it.

Each is sent inside the transaction that records the gateway's answer, after everything is written. Any may be sent
again for the same object: receivers are idempotent.
"""

from django.dispatch import Signal

#: Sent by `record_outcome` when a capture is recorded. Carries `payment: Payment`, with its order in `payment.order`.
payment_captured = Signal()

#: Sent when a refund becomes done, or is settled by hand. Carries `refund: Refund`.
refund_returned = Signal()

#: Sent once refunds or a dispute of a captured payment are recorded as the gateway has them: more of it than before may
#: be left. Carries `payment: Payment`, with its order in `payment.order`.
payment_compared = Signal()
