"""Which messages does shipping send to itself?"""

from uuid import UUID

from messaging.payloads import Payload


class CreateShipment(Payload, task="shipping.create_shipment", routing_key="shipment.create"):
    """Book a parcel for a paid order."""

    order_id: int


class TrackShipment(Payload, task="shipping.track_shipment", routing_key="shipment.track"):
    """Look whether the order's parcel has arrived."""

    order_id: int


class CancelParcel(Payload, task="shipping.cancel_parcel", routing_key="shipment.cancel"):
    """Stop a parcel that is not wanted any more."""

    shipment_id: UUID
