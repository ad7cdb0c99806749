"""Which carrier takes the parcels?"""

from shipping.carriers.base import Booking, Carrier, CarrierUnavailable, Tracking, UnknownParcel
from shipping.carriers.simulated import SimulatedCarrier

__all__ = ["Booking", "Carrier", "CarrierUnavailable", "Tracking", "UnknownParcel", "carrier"]


def carrier() -> Carrier:
    return SimulatedCarrier()
