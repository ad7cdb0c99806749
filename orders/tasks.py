"""Background tasks for orders: e-mails, and the cancellation of unpaid orders."""

import uuid
from contextlib import suppress

from messaging import clock
from messaging.outbox import enqueue
from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task
from orders import selectors, services
from orders.emails import delivery, email_sql
from orders.emails.compose import compose
from orders.models import Status
from orders.payloads import AcknowledgeOrders, CancelUnpaid, ExpireReservations, SendEmail
from orders.transitions import IllegalTransition, lock_order


@reliable_task(SendEmail, autoretry_for=(OSError,))
def send_email(self: ReliableTask, payload: SendEmail) -> None:
    """Every failure of the mail server or the network is an `OSError`, and may be temporary.

    An e-mail about an undecided payment is skipped once the order has moved on.
    """
    order = email_sql.read_order(order_id=payload.order_id, kind=payload.kind)
    if order.is_anonymised or (payload.kind in selectors.WAITING and order.status != payload.kind):
        with self.complete():
            delivery.release(uuid.UUID(self.request.id))  # whether an earlier run has sent it no longer matters
            return
    email = compose(
        order=order,
        kind=payload.kind,
        message_id=str(self.request.id),
        amount=payload.amount,
        left=payload.left,
    )
    delivery.send_once(self, email=email, kind=payload.kind, order_id=payload.order_id)


@reliable_task(CancelUnpaid)
def cancel_unpaid(self: ReliableTask, payload: CancelUnpaid) -> None:
    """Cancel the order, or check again at its new deadline if one began since the message was sent.

    An order whose payment is pending is left to the periodic `expire_reservations`. The lock keeps a new payment from
    moving the deadline meanwhile.
    """
    with self.complete():
        order = lock_order(order_id=payload.order_id)
        seconds = selectors.seconds_until_payment_deadline(order=order, now=clock.now())
        if seconds <= 0:
            with suppress(IllegalTransition):
                services.cancel_unpaid_order(order=order)
        elif order.status in (Status.PAYMENT_FAILED, Status.ACTION_REQUIRED):
            enqueue(payload, subject=order.number, delay=seconds)


@reliable_task(AcknowledgeOrders)
def acknowledge_orders(self: ReliableTask, payload: AcknowledgeOrders) -> None:
    part = Slice(self)
    part.repeat(lambda: services.acknowledge_orders(now=clock.now()))
    part.finish(payload)


@reliable_task(ExpireReservations)
def expire_reservations(self: ReliableTask, payload: ExpireReservations) -> None:
    """What is enqueued is not found again, so the batches end."""
    part = Slice(self)
    part.repeat(lambda: services.expire_reservations(now=clock.now()))
    part.finish(payload)
