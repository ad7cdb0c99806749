"""Errors raised by payment services and reconciliation."""

import uuid

from django.utils.translation import gettext as _

from orders.models import Order
from orders.money import display
from payments.models import Payment, Refund


class NotPending(RuntimeError):
    """The payment's status changed unexpectedly: it already has an outcome although its order was still open."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"Payment {payment.pk} is no longer pending, so its outcome was not recorded.")


class NothingToRefund(ValueError):
    """The requested amount exceeds what is captured and not being refunded already. Amounts are minor units."""

    def __init__(self, *, order: Order, requested: int, left: int) -> None:
        self.order, self.requested, self.left = order, requested, left
        super().__init__(
            _("%(requested)s cannot be refunded: %(left)s is left to refund of order %(number)s. Nothing was changed.")
            % {
                "requested": display(requested, order.currency),
                "left": display(left, order.currency),
                "number": order.number,
            }
        )


class TooManyRefunds(NothingToRefund):
    """The payment has been refunded in `MOST_PARTS` parts. What is left can be refunded only as a whole."""

    def __str__(self) -> str:
        return _(
            "Order %(number)s has too many refunds. Only all that is left, %(left)s, can be refunded. "
            "Nothing was changed."
        ) % {"left": display(self.left, self.order.currency), "number": self.order.number}


class RequestReused(ValueError):
    """The request ID already belongs to another refund."""

    def __init__(self, request_id: uuid.UUID) -> None:
        super().__init__(
            _("%(id)s has already been used for another refund. Nothing was changed.") % {"id": request_id}
        )


class RefundUnderWay(ValueError):
    """The refund needs no decision: it is completed, or the gateway will still make it."""

    def __init__(self, refund: Refund) -> None:
        super().__init__(
            _(
                "This refund is %(status)s. Only one that has failed, or that no task will complete, can be repeated "
                "or settled by hand. Nothing was changed."
            )
            % {"status": refund.get_status_display()}
        )


class GatewayMismatch(RuntimeError):
    """The gateway's record and the shop's differ in a way that needs an operator."""
