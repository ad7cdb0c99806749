"""Orders that are ready to be shipped."""

from typing import Any

from orders.models import Order, Status
from shipping.carriers import ParcelState, Tracking
from shipping.carriers.simulated import Swiftpost
from shipping.selectors import consignment_of
from tests.delivery import claim_task, deliver
from tests.factories import place

CHARGE, CREATE, TRACK = "payments.charge_payment", "shipping.create_shipment", "shipping.track_shipment"
CANCEL = "shipping.cancel_parcel"
DELIVERED = Tracking(ParcelState.DELIVERED, ())


def paid(**changes: Any) -> Order:
    order = place(**changes)
    deliver(claim_task(task=CHARGE))
    order.refresh_from_db()
    assert order.status == Status.PAID
    return order


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def book(order: Order) -> None:
    Swiftpost().book(idempotency_key=order.number, consignment=consignment_of(order))
