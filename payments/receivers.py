"""What do payments do when something happened to an order?"""

from typing import Any

from messaging.hooks.signal_map import enqueues
from orders import signals
from orders.models import Order
from payments import services
from payments.payloads import ChargePayment, ComparePayment, RefundPayment


def connect() -> None:
    signals.order_placed.connect(ask_for_money, dispatch_uid="payments.order_placed")
    signals.order_reopened.connect(ask_for_money, dispatch_uid="payments.order_reopened")
    signals.order_cancelled.connect(give_back, dispatch_uid="payments.order_cancelled")


@enqueues(ChargePayment)
def ask_for_money(*, order: Order, payment_method: str, **kwargs: Any) -> None:
    services.start_payment(order=order, method=payment_method)


@enqueues(RefundPayment, ComparePayment)
def give_back(*, order: Order, **kwargs: Any) -> None:
    services.cancel_payment(order=order)
