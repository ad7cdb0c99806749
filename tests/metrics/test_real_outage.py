"""The alerts over what the shop itself exports, while its carriers are down and afterwards."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from messaging import circuit_breaker, simulated_outages
from messaging.models import Circuit
from orders.models import Order, Status
from tests.delivery import deliver_due, make_due
from tests.factories import place
from tests.metrics.promql import labels
from tests.metrics.rules import Scenario, firing

pytestmark = pytest.mark.django_db(transaction=True)
CARRIERS = ("carrier.swiftpost", "carrier.landpost")
#: Minutes for which each of the three states is seen: it works, the carriers are down, they are up again.
WORKS, DOWN, UP = 120, 30, 90


def scraped() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = Client().get("/metrics").content.decode()
    return {
        (sample.name, labels(**sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def turn(number: int) -> None:
    """Place orders two minutes ago, and run what is due until nothing is."""
    before = set(Order.objects.values_list("pk", flat=True))
    for _ in range(number):
        place()
    Order.objects.exclude(pk__in=before).update(placed_at=timezone.now() - timedelta(seconds=10))
    deliver_due()


def test_a_real_outage_of_the_carriers_pages_and_the_end_of_it_does_not():
    nothing = scraped()
    turn(6)
    works = scraped()
    for name in CARRIERS:
        simulated_outages.begin(name=name, seconds=600)
    try:
        turn(8)
        assert Order.objects.filter(status=Status.PAID).count() == 8
        Order.objects.filter(status=Status.PAID).update(placed_at=timezone.now() - timedelta(seconds=90))
        down = scraped()
    finally:
        for name in CARRIERS:
            simulated_outages.end(name=name)
    Circuit.objects.update(probe_at=timezone.now() - timedelta(seconds=1))
    circuit_breaker.forget()
    for _ in range(10):
        make_due(task="shipping.create_shipment")
        deliver_due()
    assert not Order.objects.filter(status=Status.PAID).exists()
    again = scraped()
    keys = nothing.keys() | works.keys() | down.keys() | again.keys()
    scenario: Scenario = {
        key: [nothing.get(key)] + [works.get(key)] * (WORKS - 1) + [down.get(key)] * DOWN + [again.get(key)] * UP
        for key in keys
    }
    scenario["up", labels(job="conveyor")] = [1.0] * (WORKS + DOWN + UP)
    fired = firing(scenario, at=[WORKS - 1, WORKS + 10, WORKS + DOWN + 3, WORKS + DOWN + 70])
    before, meanwhile, just_after, later = ({one for one in found if "Budget" in one} for found in fired.values())
    assert before == set()
    assert meanwhile >= {"ShippingBudgetBurn page 1h", "ShippingBudgetBurn page 6h"}
    assert any(one.startswith("CircuitOpen") for one in fired[WORKS + 10])
    assert "ShippingBudgetBurn page 1h" in just_after, "the orders that waited were late"
    assert not any("page" in one for one in later)
    assert not any("Checkout" in one for found in fired.values() for one in found), "checkout does not need carriers"
