"""Services of an order's payment: how far it is, as the payments app learns from the gateway."""

from orders import signals
from orders.models import Order, Status
from orders.selectors import WAITING
from orders.timeline import REOPENED
from orders.transitions import IllegalTransition, change


def mark_action_required(*, order: Order) -> None:
    """placed → action_required: the shopper must confirm the payment with the bank."""
    change(order, Status.ACTION_REQUIRED, signals.order_action_required)


def mark_processing(*, order: Order) -> None:
    """placed or action_required → processing: the bank settles the payment, which may take days."""
    change(order, Status.PROCESSING, signals.order_processing)


def mark_paid(*, order: Order) -> None:
    """placed, action_required or processing → paid: the money is reserved or captured.

    Raises `IllegalTransition`, for example if the order was cancelled while its card was being authorised.
    """
    change(order, Status.PAID, signals.order_paid, sources=WAITING)


def mark_payment_failed(*, order: Order, reason: str) -> None:
    """To payment_failed, from any status before shipment. `reason` is a code, such as `card_declined`.

    A paid order loses its authorisation when that expires, or when somebody voids it at the gateway.
    """
    change(order, Status.PAYMENT_FAILED, signals.order_payment_failed, {"reason": reason}, {"reason": reason})


def reopen_order(*, order: Order, payment_method: str) -> None:
    """payment_failed or action_required → placed, to be paid with another method.

    One whose payment failed reserves its stock anew: receivers may veto, for example if it is gone.
    """
    extra = {"payment_method": payment_method}
    try:
        change(
            order,
            Status.PLACED,
            signals.order_reopened,
            extra=extra,
            kind=REOPENED,
            sources=[Status.PAYMENT_FAILED],
        )
    except IllegalTransition:
        if order.status != Status.ACTION_REQUIRED:
            raise
        change(
            order,
            Status.PLACED,
            signals.order_method_changed,
            extra=extra,
            kind=REOPENED,
            sources=[Status.ACTION_REQUIRED],
        )
