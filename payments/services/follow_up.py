"""Follow-up of payments that somebody else decides: the gateway is asked again, beside its webhooks."""

from django.db import transaction

from messaging import clock
from messaging.outbox import enqueue
from messaging.topology import Priority
from payments import selectors
from payments.models import Payment
from payments.payloads import ComparePayment

#: Seconds. The shopper confirms within minutes, a bank may settle for days: the older, the longer until the next look.
_FIRST_LOOK, _LAST_LOOK = 10.0, 86_400.0
_SHARE_OF_AGE = 0.5


def delay_of(payment: Payment) -> float:
    """Seconds until the gateway is asked again about this payment, by the database's clock."""
    age = (clock.now() - payment.created_at).total_seconds()
    return min(max(_FIRST_LOOK, age * _SHARE_OF_AGE), _LAST_LOOK)


@transaction.atomic(savepoint=False)
def follow_up(*, payment: Payment) -> None:
    """Enqueue the next look at an undecided payment, unless a message will compare it already."""
    number = payment.order.number
    if not selectors.is_live(kind=ComparePayment, number=number, field="payment_id", id_=payment.pk):
        payload = ComparePayment(payment_id=payment.pk, reference=payment.gateway_reference)
        enqueue(payload, priority=Priority.LOW, subject=number, delay=delay_of(payment))
