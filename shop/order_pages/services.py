"""Changes to an order after checkout: retry its payment, cancel it."""

from messaging.outbox import transaction
from orders import services as orders
from orders.models import Order
from payments.gateways import check_amount, check_method


def pay_again(*, order: Order, payment_method: str) -> None:
    """Retry a failed payment with the given method, or choose another instead of confirming the present payment.

    Raises `UnknownPaymentMethod`, `AmountRefused`, `IllegalTransition` if there is nothing to pay, and `OutOfStock` if
    an item has sold out since; then nothing was written.
    """
    check_method(payment_method)
    check_amount(order.total, order.currency)
    with transaction():
        orders.reopen_order(order=order, payment_method=payment_method)


def cancel(*, order: Order, reason: str = "customer") -> None:
    """Cancel an order that has not been shipped. Its stock is released; a captured payment is refunded.

    Raises `IllegalTransition` once a parcel is booked, or if the order is already cancelled.
    """
    with transaction():
        orders.cancel_order(order=order, reason=reason)
