"""Does a carrier that is down hold up its own parcels alone, and at no cost of attempts?"""

from typing import Any

import pytest
from django.utils import timezone

from messaging import circuit_breaker, simulated_outages
from messaging.models import Circuit, Message, State
from orders.models import Order, Status
from orders.selectors import describe
from shipping.carriers import carrier, carriers
from shipping.models import CarrierParcel
from tests.auditing import broken
from tests.delivery import deliver, deliver_all, take
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
    deliver(take(task="payments.charge_payment", subject=order.number))
    return order


def ship(order: Order) -> Message:
    message = take(task=CREATE, subject=order.number)
    deliver(message)
    return message


def end() -> None:
    simulated_outages.end(name=SWIFTPOST)
    Circuit.objects.update(probe_at=timezone.now())
    circuit_breaker.forget()


def test_parcels_wait_while_their_carrier_is_down_and_leave_once_it_is_back(outage):
    orders = [paid() for _ in range(6)]
    assert [ship(order).attempts for order in orders] == [1, 1, 1, 0, 0, 0]
    last = orders[-1].events.latest("id")
    assert describe(last) == "The carrier answers nobody at the moment. Your parcel waits until it does"
    assert broken() == {}
    end()
    deliver_all()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.DELIVERED}
    assert CarrierParcel.objects.count() == 6
    assert broken() == {}


def test_cities_whose_carrier_never_answers_open_no_circuit():
    for _ in range(4):
        ship(paid(city="Nowhere"))
    assert not Circuit.objects.exists()


def test_a_rejected_address_is_an_answer_and_ends_the_outage(outage):
    for _ in range(3):
        ship(paid())
    assert Circuit.objects.get().is_open
    end()
    assert ship(paid(city="Rejectford")).state == State.DEAD
    assert not Circuit.objects.get().is_open


def test_looks_at_parcels_wait_too(outage):
    simulated_outages.end(name=SWIFTPOST)
    order = paid()
    ship(order)
    simulated_outages.begin(name=SWIFTPOST, seconds=600)
    for _ in range(3):
        ship(paid())
    look = take(task=TRACK, subject=order.number)
    assert deliver(look) == State.PENDING
    assert (look.attempts, look.waits_for) == (0, SWIFTPOST)


def test_all_that_asks_a_carrier_stands_behind_its_circuit_and_the_rest_does_not():
    Circuit.objects.create(pk=SWIFTPOST, opened_at=timezone.now(), probe_at="2999-01-01T00:00Z")
    guarded = carrier("swiftpost")
    asked: list[Any] = [
        lambda: guarded.book(idempotency_key="k", consignment=None),
        lambda: guarded.fetch(idempotency_key="k"),
        lambda: guarded.track(tracking_number="SP1"),
        lambda: guarded.cancel(tracking_number="SP1"),
    ]
    for ask in asked:
        with pytest.raises(circuit_breaker.CircuitOpen):
            ask()
    assert guarded.tracking_url(tracking_number="SP1").endswith("SP1")
    assert carrier("landpost").fetch(idempotency_key="k") is None, "another carrier is another circuit"


def test_each_carrier_has_a_circuit_that_operators_see_and_can_play_an_outage_of():
    names = {f"carrier.{each.name.lower()}" for each in carriers()}
    assert names <= circuit_breaker.labels().keys()
    assert names <= set(circuit_breaker.simulated())
