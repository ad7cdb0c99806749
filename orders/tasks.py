"""What is done for orders in the background?"""

from contextlib import suppress

from django.utils import timezone

from messaging.outbox import enqueue
from messaging.worker.task import ReliableTask, reliable_task
from orders import deliveries, emails, selectors, services
from orders.errors import IllegalTransition
from orders.models import Order, Status
from orders.payloads import CancelUnpaid, ExpireReservations, SendEmail


@reliable_task(SendEmail, autoretry_for=(OSError,))
def send_email(self: ReliableTask, payload: SendEmail) -> None:
    """Whatever a mail server or the way to it does wrong is an `OSError`, and may be right again later."""
    order = Order.objects.prefetch_related("lines").get(pk=payload.order_id)
    if order.anonymised_at:
        with self.complete():
            return
    email = emails.compose(
        order=order,
        kind=payload.kind,
        message_id=str(self.request.id),
        amount=payload.amount,
        left=payload.left,
    )
    deliveries.send_once(self, email=email, kind=payload.kind, order_id=order.pk)


@reliable_task(CancelUnpaid)
def cancel_unpaid(self: ReliableTask, payload: CancelUnpaid) -> None:
    """An order that failed again since this message was sent has its time anew, so it is looked at later.

    One that waits for its payment is left to the periodic look. The lock keeps the time from beginning anew meanwhile.
    """
    with self.complete():
        order = Order.objects.select_for_update().get(pk=payload.order_id)
        seconds = selectors.unpaid_seconds_left(order=order, now=timezone.now())
        if seconds <= 0:
            with suppress(IllegalTransition):
                services.cancel_unpaid_order(order=order)
        elif order.status == Status.PAYMENT_FAILED:
            enqueue(payload, subject=order.number, delay=seconds)


@reliable_task(ExpireReservations)
def expire_reservations(self: ReliableTask, payload: ExpireReservations) -> None:
    with self.complete():
        services.expire_reservations(now=timezone.now())
