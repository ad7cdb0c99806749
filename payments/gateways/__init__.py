"""The payment gateway selected by `settings.PAYMENT_GATEWAY`, and the payment methods that it offers."""

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
    KeyRefused,
    OfferedMethod,
    OutcomeUnknown,
    RecordPage,
    RefundRecord,
    RefundState,
    RequestRefused,
    UnknownPaymentMethod,
    WebhookEvent,
)
from payments.gateways.dispute_records import DisputePage, DisputeRecord, DisputeState
from payments.gateways.with_circuit_breaker import CircuitBreakerGateway

__all__ = [
    "Authorisation",
    "CardDeclined",
    "ChargeRecord",
    "ChargeResult",
    "DisputePage",
    "DisputeRecord",
    "DisputeState",
    "Gateway",
    "GatewayUnavailable",
    "KeyRefused",
    "OfferedMethod",
    "OutcomeUnknown",
    "RecordPage",
    "RefundRecord",
    "RefundState",
    "RequestRefused",
    "UnknownPaymentMethod",
    "WebhookEvent",
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
    """The configured gateway, behind its circuit breaker."""
    configured: Gateway = import_string(_GATEWAYS[settings.PAYMENT_GATEWAY])()
    return CircuitBreakerGateway(circuit_name(), configured)


def circuit_name() -> str:
    return f"gateway.{settings.PAYMENT_GATEWAY}"


def register_circuit() -> None:
    """Show the gateway's circuit to operators, even before it has ever failed."""
    circuit_breaker.register(circuit_name(), _("Payment gateway"), is_simulated=settings.PAYMENT_GATEWAY == "simulated")


def offered_methods() -> tuple[OfferedMethod, ...]:
    """The methods that customers can choose. Scripted outcomes are offered in demo mode only."""
    return tuple(m for m in gateway().methods() if settings.CONVEYOR_DEMO or not m.is_scripted)


def method_label(method: str) -> str:
    """The method's label; the ID of a method that is no longer offered."""
    labels = {offered.id: offered.label for offered in gateway().methods()}
    return labels.get(method, method)


def check_method(method: str) -> None:
    """Raises `UnknownPaymentMethod` unless `offered_methods()` contains the method."""
    if method not in {offered.id for offered in offered_methods()}:
        raise UnknownPaymentMethod(method)
