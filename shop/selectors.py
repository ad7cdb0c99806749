"""What do pages and API show of an order?"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from orders import selectors as orders
from orders.models import Order, Status
from payments.models import PaymentStatus
from payments.selectors import PaymentSummary
from payments.selectors import summary as payment_summary
from shipping.models import Shipment


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """`event` is a word for programs, `text` a sentence for people."""

    at: datetime
    event: str
    text: str


@dataclass(frozen=True, slots=True)
class ShipmentSummary:
    status: str
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """`is_final`: nothing will happen to the order by itself any more. `version` changes whenever the view does.

    `waits_for_a_person`: nothing will until an operator has mended a step that failed for good.
    """

    order: Order
    timeline: tuple[TimelineEntry, ...]
    payment: PaymentSummary | None
    shipment: ShipmentSummary | None
    is_final: bool
    waits_for_a_person: bool
    can_cancel: bool
    can_pay: bool
    version: str


def order_by_public_id(*, public_id: str) -> Order:
    """Raises `Order.DoesNotExist`."""
    return Order.objects.get(public_id=public_id)


def order_view(*, public_id: str) -> OrderView:
    """The order as its page and the API show it, in four statements. Raises `Order.DoesNotExist`."""
    order = Order.objects.select_related("shipment").prefetch_related("lines").get(public_id=public_id)
    payment = payment_summary(order_id=order.pk)
    shipment = _shipment(order)
    events = list(order.events.all())
    timeline = tuple(TimelineEntry(e.at, e.kind, orders.describe(e)) for e in events)
    is_final = _is_final(order, payment)
    return OrderView(
        order=order,
        timeline=timeline,
        payment=payment,
        shipment=shipment,
        is_final=is_final,
        waits_for_a_person=not is_final and orders.waits_for_a_person(events),
        can_cancel=orders.can_cancel(order),
        can_pay=orders.can_pay(order),
        version=_version(order.status, timeline, payment, shipment),
    )


def orders_of(*, user: AbstractBaseUser) -> QuerySet[Order]:
    """A shopper's orders, newest first."""
    return Order.objects.filter(user_id=user.pk)


def _shipment(order: Order) -> ShipmentSummary | None:
    shipment: Shipment | None = getattr(order, "shipment", None)
    if shipment is None:
        return None
    return ShipmentSummary(shipment.status, shipment.carrier, shipment.tracking_number)


def _is_final(order: Order, payment: PaymentSummary | None) -> bool:
    if order.status == Status.CANCELLED:
        return payment is None or payment.status != PaymentStatus.CAPTURED
    return order.status in (Status.DELIVERED, Status.REFUNDED)


def _version(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
