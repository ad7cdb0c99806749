"""Refunds of returns for which the shop did not have the money when they were received, or has it again.

A payment that was written off was captured after all, a dispute that was lost, perhaps of a part, was won, or refunds
from outside took the place of a return's own refund, but not all of it.
"""

import uuid

from django.db import transaction

from orders.models import Order
from orders.services.operators import Trusted
from payments.selectors import refundable_amount
from payments.services import refund_order
from shop.models import Return, ReturnLine
from shop.returns import selectors
from shop.returns.amounts import value_of
from shop.returns.services import reason_of


@transaction.atomic(savepoint=False)
def refund_what_is_owed(*, order: Order) -> int:
    """Refund what accepted returns are worth and have not got, except what the shop may keep: the price of the rest.

    Returns the sum in minor units. Returns that are refunded stay so; `refund` says how far their money is. Idempotent.
    Called under the order's lock.
    """
    accepted = selectors.accepted_returns(order=order)
    if not accepted:
        return 0
    values = [value_of(found=found, accepted=_pieces(found)) for found in accepted]
    owed = refundable_amount(order=order) - (order.total - sum(values))
    refunded = 0
    for found, value in zip(accepted, values, strict=True):
        amount = min(value - found.refunded_amount, owed - refunded)
        if amount > 0:
            _refund(found, order, amount)
            refunded += amount
    return refunded


def _refund(found: Return, order: Order, amount: int) -> None:
    """A refund that was cancelled stays as it is, and so does one of a part: the rest has a refund of its own."""
    request_id = uuid.uuid4() if found.refund else found.pk
    refund = refund_order(order=order, amount=amount, request_id=request_id, by=Trusted(), reason=reason_of(found))
    if not found.refunded_amount:
        Return.objects.filter(pk=found.pk).update(refund=refund, amount=amount)


def _pieces(found: Return) -> list[tuple[ReturnLine, int]]:
    return [(line, line.accepted or 0) for line in found.lines.all()]
