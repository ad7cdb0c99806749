"""Carriers under test, each with a country that it serves."""

from dataclasses import dataclass

import pytest

from orders.values import Address
from shipping.carriers import Carrier, Consignment, carrier


@dataclass(frozen=True)
class Subject:
    carrier: Carrier
    country: str

    def consignment(self, *, city: str = "Bern", pieces: int = 1, country: str = "") -> Consignment:
        address = Address(line1="Hauptstrasse 1", city=city, postcode="3011", country=country or self.country)
        return Consignment("Ada Lovelace", address, "standard", pieces)


@pytest.fixture(params=["Swiftpost", "Landpost"])
def subject(request: pytest.FixtureRequest) -> Subject:
    return Subject(carrier(request.param), {"Swiftpost": "CH", "Landpost": "DE"}[request.param])
