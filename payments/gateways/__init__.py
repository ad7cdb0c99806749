"""Which gateway takes the money, and which payment methods does it know? `settings.PAYMENT_GATEWAY` decides."""

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from messaging import circuit_breaker
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
from payments.gateways.guarded import GuardedGateway

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
    "method_label",
    "offered_methods",
]

_GATEWAYS = {
    "simulated": "payments.gateways.simulated.SimulatedGateway",
    "stripe": "payments.gateways.stripe.StripeGateway",
}


def gateway() -> Gateway:
    """The gateway of the settings, behind its circuit breaker."""
    made: Gateway = import_string(_GATEWAYS[settings.PAYMENT_GATEWAY])()
    return GuardedGateway(circuit_name(), made)


def circuit_name() -> str:
    return f"gateway.{settings.PAYMENT_GATEWAY}"


def register_circuit() -> None:
    """Let operators see whether the gateway is up."""
    circuit_breaker.register(circuit_name(), _("Payment gateway"), is_simulated=settings.PAYMENT_GATEWAY == "simulated")


def offered_methods() -> tuple[OfferedMethod, ...]:
    """What a shopper may choose from. The demo's scripted outcomes are offered in demo mode only."""
    return tuple(m for m in gateway().methods() if settings.CONVEYOR_DEMO or not m.is_scripted)


def method_label(method: str) -> str:
    """The method in words for people; one that is no longer offered by its id."""
    labels = {offered.id: offered.label for offered in gateway().methods()}
    return labels.get(method, method)


def check_method(method: str) -> None:
    """Raises `UnknownPaymentMethod` for all that `offered_methods()` does not name."""
    if method not in {offered.id for offered in offered_methods()}:
        raise UnknownPaymentMethod(method)
