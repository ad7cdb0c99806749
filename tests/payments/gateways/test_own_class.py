"""`PAYMENT_GATEWAY` as the path of a class: its circuit, and sentences for what is not a gateway."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging import circuit_breaker
from payments import gateways
from payments.gateways.simulated import SimulatedGateway


class OwnGateway(SimulatedGateway):
    pass


class HalfGateway:
    def fetch(self) -> None: ...


def test_its_circuit_has_the_name_of_its_class(settings, monkeypatch):
    monkeypatch.setattr(circuit_breaker, "_labels", {})
    settings.PAYMENT_GATEWAY = f"{__name__}.OwnGateway"
    gateways.register_circuit()
    assert list(circuit_breaker.labels()) == ["gateway.OwnGateway"]
    assert gateways.gateway().methods() == SimulatedGateway().methods()


def test_a_class_that_is_derived_from_the_simulated_gateway_is_simulated_too(settings):
    settings.PAYMENT_GATEWAY = f"{__name__}.OwnGateway"
    assert gateways.is_simulated()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere.Gateway", "No module named 'nowhere'"),
        (f"{__name__}.Missing", 'does not define a "Missing" attribute'),
        (f"{__name__}.HalfGateway", "it has no authorise, capture, void, refund, "),
        ("payments.gateways.Gateway", "Protocols cannot be instantiated"),
        ("os.path.join", "missing 1 required positional argument"),
    ],
)
def test_a_class_that_is_no_gateway_stops_the_start(settings, path, reason):
    settings.PAYMENT_GATEWAY = path
    with pytest.raises(ImproperlyConfigured) as error:
        gateways.register_circuit()
    assert str(error.value).startswith(f"PAYMENT_GATEWAY is {path}, which is not a gateway: ")
    assert reason in str(error.value)
    assert "docs/how-to/add-a-gateway.md" in str(error.value)
