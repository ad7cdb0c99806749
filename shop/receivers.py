"""What does the shop do when something happened to an order? It keeps the stock right."""

from typing import Any

from orders import signals
from orders.models import Order
from shop import databases, stock


def connect() -> None:
    signals.order_payment_failed.connect(put_back, dispatch_uid="shop.order_payment_failed")
    signals.order_cancelled.connect(put_back, dispatch_uid="shop.order_cancelled")
    signals.order_reopened.connect(take_again, dispatch_uid="shop.order_reopened")
    databases.connect()


def put_back(*, order: Order, **kwargs: Any) -> None:
    stock.release_stock(order=order)


def take_again(*, order: Order, **kwargs: Any) -> None:
    stock.retake_stock(order=order)
