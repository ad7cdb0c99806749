"""The payment gateway selected by `settings.PAYMENT_GATEWAY`, and the payment methods that it offers."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging import circuit_breaker
from orders.money import display
from payments.gateways.another_gateway import AnotherGateway
from payments.gateways.base import (
    AmountRefused,
    CardDeclined,
    Charge,
    ChargeRecord,
    ChargeState,
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
from payments.gateways.browser_form import BrowserForm
from payments.gateways.dispute_records import DisputePage, DisputeRecord, DisputeState
from payments.gateways.with_circuit_breaker import CircuitBreakerGateway

__all__ = [
    "AmountRefused",
    "AnotherGateway",
    "BrowserForm",
    "CardDeclined",
    "Charge",
    "ChargeRecord",
    "ChargeState",
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
    "browser_form",
    "check_amount",
    "check_method",
    "gateway",
    "gateway_name",
    "is_collected",
    "is_simulated",
    "method_label",
    "offered_methods",
]

_GATEWAYS = {
    "simulated": "payments.gateways.simulated.SimulatedGateway",
    "stripe": "payments.gateways.stripe.StripeGateway",
}
_METHODS = [name for name in vars(Gateway) if not name.startswith("_")]


def gateway(*, of: str = "") -> Gateway:
    """The configured gateway, behind its circuit breaker.

    `of` is the `gateway` of the payment that it is asked about. Raises `AnotherGateway` unless it is this one.
    """
    if of not in ("", gateway_name()):
        raise AnotherGateway(of)
    return CircuitBreakerGateway(circuit_name(), _configured(settings.PAYMENT_GATEWAY))


def gateway_name() -> str:
    """What payments record of the configured gateway: the name of its class."""
    return _GATEWAYS.get(settings.PAYMENT_GATEWAY, settings.PAYMENT_GATEWAY).rpartition(".")[2]


def _configured(name: str) -> Gateway:
    """Raises `ImproperlyConfigured` for the path of anything but a gateway."""
    try:
        made: Gateway = import_string(_GATEWAYS.get(name, name))()
        if missing := [method for method in _METHODS if not callable(getattr(made, method, None))]:
            raise TypeError(f"it has no {', '.join(missing)}")
    except Exception as error:
        raise ImproperlyConfigured(
            f"PAYMENT_GATEWAY is {name}, which is not a gateway: {error}. See docs/how-to/add-a-gateway.md."
        ) from error
    return made


def is_simulated() -> bool:
    """Whether the configured gateway takes no money: the simulated one or a class that is derived from it."""
    from payments.gateways.simulated import SimulatedGateway

    return isinstance(_configured(settings.PAYMENT_GATEWAY), SimulatedGateway)


def circuit_name() -> str:
    """`gateway.stripe`; of your own gateway, `gateway.` and the name of its class."""
    return f"gateway.{settings.PAYMENT_GATEWAY.rpartition('.')[2]}"


def register_circuit() -> None:
    """Show the gateway's circuit to operators, even before it has ever failed. A wrong class stops the start."""
    if settings.PAYMENT_GATEWAY not in _GATEWAYS:
        _configured(settings.PAYMENT_GATEWAY)
    circuit_breaker.register(circuit_name(), gettext_lazy("Payment gateway"), is_simulated=is_simulated())


def offered_methods() -> tuple[OfferedMethod, ...]:
    """The methods that customers can choose. Scripted outcomes are offered in demo mode only."""
    return tuple(m for m in gateway().methods() if settings.CONVEYOR_DEMO or not m.is_scripted)


def browser_form() -> BrowserForm | None:
    """The gateway's own form, by which the browser collects a method; None if customers choose from a list."""
    make = getattr(_configured(settings.PAYMENT_GATEWAY), "browser_form", None)
    return make() if make else None


def is_collected(method: str) -> bool:
    """Whether the gateway's own form may have collected the method."""
    form = browser_form()
    return form is not None and form.collects(method)


def method_label(method: str) -> str:
    """The method's label; the ID of a method that is no longer offered."""
    form = browser_form()
    if form is not None and form.collects(method):
        return form.label
    labels = {offered.id: offered.label for offered in gateway().methods()}
    return str(labels.get(method, method))


def check_amount(amount: int, currency: str) -> None:
    """Raises `AmountRefused` unless the gateway charges the amount, in minor units. One without limits charges any."""
    of_currency = getattr(_configured(settings.PAYMENT_GATEWAY), "limits", None)
    if of_currency is None:
        return
    least, most = of_currency(currency)
    if amount < least:
        raise AmountRefused(
            _("Orders below %(amount)s cannot be paid here. Please add something to your order.")
            % {"amount": display(least, currency)}
        )
    if amount > most:
        raise AmountRefused(
            _("Orders above %(amount)s cannot be paid here. Please place several smaller orders.")
            % {"amount": display(most, currency)}
        )


def check_method(method: str) -> None:
    """Raises `UnknownPaymentMethod` unless the method is offered, or the gateway's own form may have collected it."""
    if method not in {offered.id for offered in offered_methods()} and not is_collected(method):
        raise UnknownPaymentMethod(method)
