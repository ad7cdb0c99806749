"""Status changes of payments and refunds, each a conditional UPDATE."""

from collections.abc import Sequence

from payments.errors import NotPending
from payments.models import Payment, PaymentStatus, Refund


def change_status(payment: Payment, sources: Sequence[PaymentStatus], **changes: object) -> None:
    """Apply `changes` if the payment has one of the statuses `sources`. Raises `NotPending` otherwise."""
    if not Payment.objects.filter(pk=payment.pk, status__in=sources).update(**changes):
        raise NotPending(payment)


def change_refund(refund: Refund, **changes: object) -> bool:
    """Apply `changes` if the refund still has the status and the repeats of `refund`. False: it has changed."""
    unchanged = Refund.objects.filter(pk=refund.pk, status=refund.status, repeats=refund.repeats)
    if not unchanged.update(**changes):
        return False
    for field, value in changes.items():
        setattr(refund, field, value)
    return True
