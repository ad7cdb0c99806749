"""Write-offs: an operator gives up a payment whose goods have left, and whose authorisation was lost before capture."""

from django.db import transaction

from orders.services import record_written_off
from orders.services.operators import Operator, require
from orders.transitions import lock_order
from payments import selectors
from payments.errors import NotLost
from payments.models import WRITTEN_OFF, Payment, PaymentStatus
from payments.services.refunds import REFUND
from payments.services.transitions import change_status
from payments.services.voids import enqueue_void


@transaction.atomic(savepoint=False)
def write_off(*, payment: Payment, by: Operator, reason: str) -> None:
    """Record that `by` gives the payment up, and release whatever the gateway still reserves. The order stays shipped.

    Raises `PermissionDenied`, and `NotLost` unless the order has shipped and no task will capture the payment.
    """
    require(REFUND, by)
    order = lock_order(order_id=payment.order_id)
    payment = selectors.payment_with_order(payment_id=payment.pk)
    if not selectors.can_write_off(payment=payment):
        raise NotLost(payment)
    change_status(payment, [PaymentStatus.AUTHORISED], status=PaymentStatus.FAILED, failure_code=WRITTEN_OFF)
    record_written_off(order=order, amount=payment.amount, by=by.get_username(), reason=reason)
    enqueue_void(payment=payment, order=order)
