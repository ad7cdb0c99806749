"""Which carriers take the parcels? `settings.SHIPPING_CARRIERS` lists their classes; all ask for them here."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from shipping.carriers.base import (
    AddressRejected,
    Booking,
    Carrier,
    CarrierUnavailable,
    Consignment,
    EventCode,
    Heard,
    NotFromCarrier,
    ParcelState,
    Quote,
    Tracking,
    TrackingEvent,
    UnknownCarrier,
    UnknownParcel,
)

__all__ = [
    "AddressRejected",
    "Booking",
    "Carrier",
    "CarrierUnavailable",
    "Consignment",
    "EventCode",
    "Heard",
    "NotFromCarrier",
    "ParcelState",
    "Quote",
    "Tracking",
    "TrackingEvent",
    "UnknownCarrier",
    "UnknownParcel",
    "carrier",
    "carriers",
]


def carrier(name: str) -> Carrier:
    """The carrier of this name, in whatever letters. Raises `UnknownCarrier`."""
    try:
        return _known(tuple(settings.SHIPPING_CARRIERS))[name.lower()]
    except KeyError:
        raise UnknownCarrier(name) from None


def carriers() -> list[Carrier]:
    """All carriers, in the order of the settings."""
    return [carrier(name) for name in _known(tuple(settings.SHIPPING_CARRIERS))]


@cache
def _known(paths: tuple[str, ...]) -> dict[str, Carrier]:
    made: list[Carrier] = [import_string(path)() for path in paths]
    return {carrier.name.lower(): carrier for carrier in made}
