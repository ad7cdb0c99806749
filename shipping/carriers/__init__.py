"""The carriers listed in `settings.SHIPPING_CARRIERS`, each behind its circuit breaker."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from messaging import circuit_breaker
from shipping.carriers.base import (
    AddressRejected,
    Booking,
    Carrier,
    CarrierEvent,
    CarrierUnavailable,
    Consignment,
    EventCode,
    NotFromCarrier,
    ParcelState,
    Quote,
    TakesReturns,
    Tracking,
    TrackingEvent,
    UnknownCarrier,
    UnknownParcel,
)
from shipping.carriers.with_circuit_breaker import CircuitBreakerCarrier

__all__ = [
    "AddressRejected",
    "Booking",
    "Carrier",
    "CarrierEvent",
    "CarrierUnavailable",
    "Consignment",
    "EventCode",
    "NotFromCarrier",
    "ParcelState",
    "Quote",
    "TakesReturns",
    "Tracking",
    "TrackingEvent",
    "UnknownCarrier",
    "UnknownParcel",
    "carrier",
    "carriers",
    "register_circuits",
    "return_carrier",
    "simulated_names",
]


def carrier(name: str) -> Carrier:
    """The carrier with this name, in any case, behind its circuit breaker. Raises `UnknownCarrier`."""
    try:
        return _configured(tuple(settings.SHIPPING_CARRIERS))[name.lower()]
    except KeyError:
        raise UnknownCarrier(name) from None


def return_carrier(name: str) -> TakesReturns | None:
    """The carrier with this name, behind its circuit breaker; None if it takes no returns, or is not configured."""
    found = _configured(tuple(settings.SHIPPING_CARRIERS)).get(name.lower())
    return found if found is not None and found.takes_returns else None


def carriers() -> list[Carrier]:
    """All carriers, in the order of the settings."""
    return [carrier(name) for name in _configured(tuple(settings.SHIPPING_CARRIERS))]


def register_circuits() -> None:
    """Show the carriers' circuits to operators, and allow simulated outages of simulated carriers."""
    simulated = simulated_names()
    for each in _configured(tuple(settings.SHIPPING_CARRIERS)).values():
        circuit_breaker.register(each.circuit, each.name, is_simulated=each.name in simulated)


def simulated_names() -> list[str]:
    """The carriers whose own records are in this database."""
    from shipping.carriers.simulated import SimulatedCarrier

    configured = _configured(tuple(settings.SHIPPING_CARRIERS)).values()
    return [each.name for each in configured if isinstance(each.carrier, SimulatedCarrier)]


@cache
def _configured(paths: tuple[str, ...]) -> dict[str, CircuitBreakerCarrier]:
    wrapped = [CircuitBreakerCarrier(_carrier(path)) for path in paths]
    return {carrier.name.lower(): carrier for carrier in wrapped}


def _carrier(path: str) -> Carrier:
    try:
        made: Carrier = import_string(path)()
        made.name.lower(), made.book  # any other class has none
    except Exception as error:
        raise ImproperlyConfigured(f"SHIPPING_CARRIERS contains {path}, which is not a carrier: {error}") from error
    return made
