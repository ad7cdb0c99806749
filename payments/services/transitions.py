"""Status changes of payments and refunds, each a conditional UPDATE."""

from collections.abc import Sequence
from functools import cache

from orders.compiled import Compiled
from payments.errors import NotPending
from payments.models import Payment, PaymentStatus, Refund


def change_status(payment: Payment, sources: Sequence[PaymentStatus], **changes: object) -> None:
    """Apply `changes` if the payment has one of the statuses `sources`. Raises `NotPending` otherwise."""
    if not _payment_in(*sources).update(changes, pk=payment.pk):
        raise NotPending(payment)


def change_refund(refund: Refund, **changes: object) -> bool:
    """Apply `changes` if the refund still has the status and the repeats of `refund`. False: it has changed."""
    unchanged = Refund.objects.filter(pk=refund.pk, status=refund.status, repeats=refund.repeats)
    if not unchanged.update(**changes):
        return False
    for field, value in changes.items():
        setattr(refund, field, value)
    return True


@cache
def _payment_in(*sources: PaymentStatus) -> Compiled[Payment]:
    return Compiled(lambda pk: Payment.objects.filter(pk=pk, status__in=sources))
