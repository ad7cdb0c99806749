"""Which gateway takes the money, and which payment methods does it know? `settings.PAYMENT_GATEWAY` decides."""

from django.conf import settings
from django.utils.module_loading import import_string

from payments.gateways.base import (
    Authorisation,
    CardDeclined,
    ChargeRecord,
    ChargeResult,
    Gateway,
    GatewayUnavailable,
    OfferedMethod,
    OutcomeUnknown,
    RefundResult,
    RequestRefused,
    UnknownPaymentMethod,
)

__all__ = [
    "Authorisation",
    "CardDeclined",
    "ChargeRecord",
    "ChargeResult",
    "Gateway",
    "GatewayUnavailable",
    "OfferedMethod",
    "OutcomeUnknown",
    "RefundResult",
    "RequestRefused",
    "UnknownPaymentMethod",
    "check_method",
    "gateway",
    "offered_methods",
]

_GATEWAYS = {
    "simulated": "payments.gateways.simulated.SimulatedGateway",
    "stripe": "payments.gateways.stripe.StripeGateway",
}


def gateway() -> Gateway:
    made: Gateway = import_string(_GATEWAYS[settings.PAYMENT_GATEWAY])()
    return made


def offered_methods() -> tuple[OfferedMethod, ...]:
    """What a shopper may choose from. The demo's scripted outcomes are offered in demo mode only."""
    return tuple(m for m in gateway().methods() if settings.CONVEYOR_DEMO or not m.is_scripted)


def check_method(method: str) -> None:
    """Raises `UnknownPaymentMethod` for all that `offered_methods()` does not name."""
    if method not in {offered.id for offered in offered_methods()}:
        raise UnknownPaymentMethod(method)
