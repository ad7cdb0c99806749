"""Refunds of returns that were received before their order's payment was captured: it had been written off."""

from django.db import transaction

from payments.models import Payment
from payments.selectors import refundable_of
from payments.services import refund_order
from shop.models import Return
from shop.returns import selectors
from shop.returns.amounts import value_of
from shop.returns.services import reason_of


@transaction.atomic(savepoint=False)
def refund_returned_before(*, payment: Payment) -> int:
    """Refund, of a payment just captured, what returns are worth that got nothing. Returns the sum in minor units.

    They stay refunded; `refund` says how far their money is. Idempotent. Called under the order's lock.
    """
    refunded = 0
    for found in selectors.accepted_without_refund(order=payment.order):
        accepted = [(line, line.accepted or 0) for line in found.lines.all()]
        amount = min(value_of(found=found, accepted=accepted), refundable_of(payment=payment))
        if amount:
            refund = refund_order(
                order=payment.order, amount=amount, request_id=found.pk, by="", reason=reason_of(found)
            )
            Return.objects.filter(pk=found.pk).update(refund=refund, amount=amount)
            refunded += amount
    return refunded
