"""Which carriers take the parcels? `settings.SHIPPING_CARRIERS` lists their classes; all ask for them here."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from messaging import circuit_breaker
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
from shipping.carriers.guarded import GuardedCarrier

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
    "register_circuits",
    "simulated_names",
]


def carrier(name: str) -> Carrier:
    """The carrier of this name, in whatever letters, behind its circuit breaker. Raises `UnknownCarrier`."""
    try:
        return _known(tuple(settings.SHIPPING_CARRIERS))[name.lower()]
    except KeyError:
        raise UnknownCarrier(name) from None


def carriers() -> list[Carrier]:
    """All carriers, in the order of the settings."""
    return [carrier(name) for name in _known(tuple(settings.SHIPPING_CARRIERS))]


def register_circuits() -> None:
    """Let operators see which carriers are up, and let outages be played of those that are simulated."""
    simulated = simulated_names()
    for each in _known(tuple(settings.SHIPPING_CARRIERS)).values():
        circuit_breaker.register(each.circuit, each.name, is_simulated=each.name in simulated)


def simulated_names() -> list[str]:
    """The carriers whose record stands in this database."""
    from shipping.carriers.simulated import SimulatedCarrier

    known = _known(tuple(settings.SHIPPING_CARRIERS)).values()
    return [each.name for each in known if isinstance(each.carrier, SimulatedCarrier)]


@cache
def _known(paths: tuple[str, ...]) -> dict[str, GuardedCarrier]:
    made = [GuardedCarrier(import_string(path)()) for path in paths]
    return {carrier.name.lower(): carrier for carrier in made}
