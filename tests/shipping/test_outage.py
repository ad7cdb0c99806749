"""Carrier outages: only its own parcels are deferred, without spending attempts."""

from typing import Any

import pytest
from django.utils import timezone

from messaging import circuit_breaker, simulated_outages
from messaging.models import Circuit, Message, State
from orders.models import Order, Status
from orders.timeline import describe
from shipping.carriers import carrier, carriers
from shipping.models import CarrierParcel
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
CREATE, TRACK = "shipping.create_shipment", "shipping.track_shipment"
SWIFTPOST = "carrier.swiftpost"


@pytest.fixture
def outage() -> Any:
    simulated_outages.begin(name=SWIFTPOST, seconds=600)
    yield
    simulated_outages.end(name=SWIFTPOST)


def paid(**options: Any) -> Order:
    order = place(**options)
    deliver(claim_task(task="payments.charge_payment", subject=order.number))
    return order


def ship(order: Order) -> Message:
    message = claim_task(task=CREATE, subject=order.number)
    deliver(message)
    return message


def end() -> None:
    simulated_outages.end(name=SWIFTPOST)
    Circuit.objects.update(probe_at=timezone.now())
    circuit_breaker.forget()


def test_parcels_are_deferred_during_an_outage_and_shipped_afterwards(outage):
    orders = [paid() for _ in range(6)]
    assert [ship(order).attempts for order in orders] == [1, 1, 1, 0, 0, 0]
    last = orders[-1].events.latest("id")
    assert describe(last) == "The carrier is unreachable. Shipping will continue once it is back"
    assert broken() == {}
    end()
    deliver_all()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.DELIVERED}
    assert CarrierParcel.objects.count() == 6
    assert broken() == {}


def test_scripted_cities_open_no_circuit():
    for _ in range(4):
        ship(paid(city="Nowhere"))
    assert not Circuit.objects.exists()


def test_a_rejected_address_closes_the_circuit(outage):
    for _ in range(3):
        ship(paid())
    assert Circuit.objects.get().is_open
    end()
    assert ship(paid(city="Rejectford")).state == State.DEAD
    assert not Circuit.objects.get().is_open


def test_tracking_is_deferred_too(outage):
    simulated_outages.end(name=SWIFTPOST)
    order = paid()
    ship(order)
    simulated_outages.begin(name=SWIFTPOST, seconds=600)
    for _ in range(3):
        ship(paid())
    tracking = claim_task(task=TRACK, subject=order.number)
    assert deliver(tracking) == State.PENDING
    assert (tracking.attempts, tracking.waits_for) == (0, SWIFTPOST)


def test_only_requests_go_through_the_circuit_breaker():
    Circuit.objects.create(pk=SWIFTPOST, opened_at=timezone.now(), probe_at="2999-01-01T00:00Z")
    wrapped = carrier("swiftpost")
    calls: list[Any] = [
        lambda: wrapped.book(idempotency_key="k", consignment=None),
        lambda: wrapped.fetch(idempotency_key="k"),
        lambda: wrapped.track(tracking_number="SP1"),
        lambda: wrapped.cancel(tracking_number="SP1"),
    ]
    for call in calls:
        with pytest.raises(circuit_breaker.CircuitOpen):
            call()
    assert wrapped.tracking_url(tracking_number="SP1").endswith("SP1")
    assert carrier("landpost").fetch(idempotency_key="k") is None, "another carrier is another circuit"


def test_each_carrier_has_a_circuit_with_simulated_outages():
    names = {f"carrier.{each.name.lower()}" for each in carriers()}
    assert names <= circuit_breaker.labels().keys()
    assert names <= set(circuit_breaker.simulated())
