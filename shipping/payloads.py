"""Which messages does shipping send to itself?"""

from typing import Any
from uuid import UUID

from messaging.payloads import Payload


class CreateShipment(Payload, task="shipping.create_shipment", routing_key="shipment.create"):
    """Book a parcel for a paid order."""

    order_id: int


def _any_parcel(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"shipment_id": None}


class TrackShipment(
    Payload, task="shipping.track_shipment", routing_key="shipment.track", version=2, lifts={1: _any_parcel}
):
    """Look where the order's parcel is, again and again until it has come to its end.

    `shipment_id` is the parcel that is followed; without it, whichever counts for the order.
    """

    order_id: int
    shipment_id: UUID | None = None


class CompareParcel(Payload, task="shipping.compare_parcel", routing_key="shipment.compare"):
    """Look once where a parcel is, since its carrier has told that something happened."""

    shipment_id: UUID


class CancelParcel(Payload, task="shipping.cancel_parcel", routing_key="shipment.cancel"):
    """Stop a parcel that is not wanted any more."""

    shipment_id: UUID
