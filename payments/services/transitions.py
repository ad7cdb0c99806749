"""Status changes of payments, each a conditional UPDATE."""

from collections.abc import Sequence

from payments.errors import NotPending
from payments.models import Payment, PaymentStatus


def change_status(payment: Payment, sources: Sequence[PaymentStatus], **changes: object) -> None:
    """Apply `changes` if the payment has one of the statuses `sources`. Raises `NotPending` otherwise."""
    if not Payment.objects.filter(pk=payment.pk, status__in=sources).update(**changes):
        raise NotPending(payment)
