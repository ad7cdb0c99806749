"""Signal receivers of payments: charge placed and reopened orders, refund cancelled ones."""

from typing import Any

from messaging.hooks.signal_map import enqueues
from orders import signals
from orders.models import Order
from payments import services
from payments.payloads import ChargePayment, ComparePayment, RefundPayment


def connect() -> None:
    signals.order_placed.connect(start_payment, dispatch_uid="payments.order_placed")
    signals.order_reopened.connect(start_payment, dispatch_uid="payments.order_reopened")
    signals.order_cancelled.connect(cancel_payment, dispatch_uid="payments.order_cancelled")


@enqueues(ChargePayment)
def start_payment(*, order: Order, payment_method: str, **kwargs: Any) -> None:
    services.start_payment(order=order, method=payment_method)


@enqueues(RefundPayment, ComparePayment)
def cancel_payment(*, order: Order, **kwargs: Any) -> None:
    services.cancel_payment(order=order)
