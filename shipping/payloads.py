"""Message payloads of the shipping app."""

from typing import Any
from uuid import UUID

from messaging.payloads import Payload


def _not_booked(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"may_be_booked": False}


def _any_parcel(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"shipment_id": None}


class CreateShipment(
    Payload,
    task="shipping.create_shipment",
    routing_key="shipment.create",
    version=2,
    lifts={1: _not_booked},
    shown_until=("shipped", "cancelled", "refunded"),
):
    """Book a parcel for a paid order.

    `may_be_booked`: an earlier message may have booked it, so that the carriers are asked first.
    """

    order_id: int
    may_be_booked: bool = False


class TrackShipment(
    Payload, task="shipping.track_shipment", routing_key="shipment.track", version=2, lifts={1: _any_parcel}
):
    """Track the order's parcel, repeatedly until its tracking ends.

    `shipment_id` is the parcel to track; without it, the order's current one.
    """

    order_id: int
    shipment_id: UUID | None = None


class CompareParcel(Payload, task="shipping.compare_parcel", routing_key="shipment.compare"):
    """Track a parcel once, because its carrier has reported an event."""

    shipment_id: UUID


class CancelParcel(Payload, task="shipping.cancel_parcel", routing_key="shipment.cancel"):
    """Cancel the booking of a parcel."""

    shipment_id: UUID
