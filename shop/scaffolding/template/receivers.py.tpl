"""Signal receivers of $name. They run inside the transaction that changes the order."""

from typing import Any

from extensions.$name import services
from extensions.$name.payloads import RecordOrder
from messaging.hooks.signal_map import enqueues
from orders import signals
from orders.models import Order


def connect() -> None:
    signals.order_paid.connect(request_record, dispatch_uid="$name.order_paid")


@enqueues(RecordOrder)
def request_record(*, order: Order, **kwargs: Any) -> None:
    services.request_record(order=order)
