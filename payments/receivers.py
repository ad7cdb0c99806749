"""Signal receivers of payments: authorise placed and reopened orders, capture shipped ones, release cancelled ones."""

from typing import Any

from messaging.hooks.signal_map import enqueues
from orders import signals
from orders.models import Order
from payments import services
from payments.payloads import CapturePayment, ChargePayment, ComparePayment, RefundPayment, VoidPayment


def connect() -> None:
    signals.order_placed.connect(start_payment, dispatch_uid="payments.order_placed")
    signals.order_reopened.connect(start_payment, dispatch_uid="payments.order_reopened")
    signals.order_method_changed.connect(replace_payment, dispatch_uid="payments.order_method_changed")
    signals.order_shipped.connect(capture_payment, dispatch_uid="payments.order_shipped")
    signals.order_cancelled.connect(cancel_payment, dispatch_uid="payments.order_cancelled")


@enqueues(ChargePayment)
def start_payment(*, order: Order, payment_method: str, **kwargs: Any) -> None:
    services.start_payment(order=order, method=payment_method)


@enqueues(ChargePayment, VoidPayment)
def replace_payment(*, order: Order, payment_method: str, **kwargs: Any) -> None:
    services.replace_payment(order=order, method=payment_method)


@enqueues(CapturePayment)
def capture_payment(*, order: Order, **kwargs: Any) -> None:
    services.request_capture(order=order)


@enqueues(VoidPayment, RefundPayment, ComparePayment)
def cancel_payment(*, order: Order, **kwargs: Any) -> None:
    services.cancel_payment(order=order)
