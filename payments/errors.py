"""What can be refused about a payment?"""

import uuid

from django.utils.translation import gettext as _

from orders.models import Order
from orders.money import display
from payments.models import Payment


class NotPending(RuntimeError):
    """The payment was already answered, though its order was still open: something changed it behind our back."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"Payment {payment.pk} is not pending any more, so its answer was not recorded.")


class NothingToRefund(ValueError):
    """More was to be given back than was captured and is not on its way back already. Amounts are minor units."""

    def __init__(self, *, order: Order, wanted: int, left: int) -> None:
        self.order, self.wanted, self.left = order, wanted, left
        super().__init__(
            _("%(wanted)s cannot be given back: of order %(number)s, %(left)s is left. Nothing was changed.")
            % {
                "wanted": display(wanted, order.currency),
                "left": display(left, order.currency),
                "number": order.number,
            }
        )


class RequestReused(ValueError):
    """The id of a request already stands for another refund."""

    def __init__(self, request_id: uuid.UUID) -> None:
        super().__init__(_("%(id)s already stands for another refund. Nothing was changed.") % {"id": request_id})


class GatewayDisagrees(RuntimeError):
    """The gateway's record and the shop's differ in a way that only a person can mend."""
