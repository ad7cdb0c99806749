"""Signals of the order lifecycle.

`orders.services` sends each one inside the transaction that changes the order, after the new status and its
`OrderEvent` are written. Receivers enqueue messages and write their own rows in that transaction. Signals are sent with
`send`, not `send_robust`: a receiver that raises vetoes the change and rolls everything back.
All carry `order: Order`, whose `status` is already the new one.
"""

from django.dispatch import Signal

#: Sent by `place_order`, inside checkout's transaction. Also carries `payment_method: str`.
order_placed = Signal()

#: Sent by `mark_action_required`, inside the transaction that records the gateway's answer.
order_action_required = Signal()

#: Sent by `mark_processing`, inside the transaction that records the gateway's answer.
order_processing = Signal()

#: Sent by `mark_paid`, inside the transaction that records the authorisation or the capture.
order_paid = Signal()

#: Sent by `mark_payment_failed`, inside the transaction that records the decline or the loss of the authorisation. Also
#: carries `reason: str`, a code.
order_payment_failed = Signal()

#: Sent by `reopen_order`, inside the transaction in which the customer pays again after a payment failed. Also carries
#: `payment_method: str`.
order_reopened = Signal()

#: Sent by `reopen_order`, inside the transaction in which the customer chooses another method instead of confirming the
#: payment with the bank. The stock is still reserved. Also carries `payment_method: str`.
order_method_changed = Signal()

#: Sent by `mark_shipped`, inside the transaction that records the booking with the carrier.
order_shipped = Signal()

#: Sent by `send_again`, inside the operator's transaction, for an order whose parcel did not arrive. Also carries
#: `goods_are_back: bool`, whether the contents of the parcel were returned in a condition to be sold.
order_sent_again = Signal()

#: Sent by `set_hold`, inside the transaction in which nothing keeps the order from being shipped any more. The status,
#: which may be any, does not change.
order_hold_lifted = Signal()

#: Sent by `mark_delivered`, inside the transaction that records the carrier's tracking.
order_delivered = Signal()

#: Sent by `cancel_order` and `cancel_unpaid_order`, inside the customer's or the maintenance task's transaction.
order_cancelled = Signal()

#: Sent by `anonymise_orders`, inside the transaction that removes the personal data. The status does not change.
#: Carries `orders: Sequence[Order]` instead of `order`: all that this transaction anonymises.
orders_anonymised = Signal()

#: Sent by `mark_refunded`, inside the transaction that records the refund.
order_refunded = Signal()

#: Sent by `record_partial_refund`, inside the transaction that records the refund. The status does not change. Also
#: carries `amount: int`, which was refunded now, and `left: int`, which is not refunded, both in minor units.
order_partly_refunded = Signal()
