"""What does the life of an order tell the rest of the project?

Every signal is sent by `orders.services`, inside the transaction that moves the order, after the move and its
`OrderEvent` are written. Receivers enqueue messages and write their own rows in that same transaction. They are called
with `send`, not `send_robust`: a receiver that raises forbids the move, and everything is rolled back.
All carry `order: Order`, whose `status` is already the new one.
"""

from django.dispatch import Signal

#: Sent by `place_order`, inside checkout's transaction. Also carries `payment_method: str`.
order_placed = Signal()

#: Sent by `mark_paid`, inside the transaction that records the capture and the charge message's `done`.
order_paid = Signal()

#: Sent by `mark_payment_failed`, inside the transaction that records the decline. Also carries `reason: str`, a code.
order_payment_failed = Signal()

#: Sent by `reopen_order`, inside the shopper's transaction of paying again. Also carries `payment_method: str`.
order_reopened = Signal()

#: Sent by `mark_shipped`, inside the transaction that records the booking with the carrier.
order_shipped = Signal()

#: Sent by `send_again`, inside the operator's transaction, for an order whose parcel did not arrive. Also carries
#: `goods_are_back: bool`, whether what was in the parcel is fit to be sold.
order_sent_again = Signal()

#: Sent by `mark_delivered`, inside the transaction that records what the carrier's tracking said.
order_delivered = Signal()

#: Sent by `cancel_order` and `cancel_unpaid_order`, inside the shopper's or the maintenance task's transaction.
order_cancelled = Signal()

#: Sent by `anonymise_order`, inside the transaction that forgets whose order it was. No state is changed.
order_anonymised = Signal()

#: Sent by `mark_refunded`, inside the transaction that records the refund.
order_refunded = Signal()

#: Sent by `note_partly_refunded`, inside the transaction that records the refund. No state is changed. Also carries
#: `amount: int`, which was given back now, and `left: int`, which stays paid, both in minor units.
order_partly_refunded = Signal()
