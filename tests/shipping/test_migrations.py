"""Migration to several carriers: forward, back, and beside an older release."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from shipping.models import CarrierParcel, Shipment, ShipmentStatus
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = ("shipping", "0001_initial"), ("shipping", "0002_carriers")


def migrate(to: tuple[str, str]) -> Any:
    """The historical apps at this migration."""
    executor = MigrationExecutor(connection)
    executor.migrate([to])
    return MigrationExecutor(connection).loader.project_state([to]).apps


def test_shipments_survive_both_directions_while_an_older_release_writes():
    first, second = place(), place()
    try:
        old = migrate(OLD)
        shipments, parcels = old.get_model("shipping", "Shipment"), old.get_model("shipping", "CarrierParcel")
        shipments.objects.create(order_id=first.pk, carrier="Swiftpost", tracking_number="SP1", label="printed")
        parcels.objects.create(idempotency_key=first.number, tracking_number="SP1", city="Bern")
        migrate(NEW)
        assert Shipment.objects.get().current_for == first
        assert CarrierParcel.objects.get().carrier == "Swiftpost"
        shipments.objects.create(order_id=second.pk, carrier="Swiftpost", tracking_number="SP2", label="printed")
        assert Shipment.objects.get(order=second).current_for is None
        Shipment.objects.filter(order=second).update(current_for=second)
        Shipment.objects.create(order=first, carrier="Landpost", tracking_number="LP1", status=ShipmentStatus.LOST)
        migrate(OLD)
        kept = shipments.objects.order_by("tracking_number").values_list("tracking_number", "status")
        assert list(kept) == [("SP1", "in_transit"), ("SP2", "in_transit")]
    finally:
        migrate(NEW)
