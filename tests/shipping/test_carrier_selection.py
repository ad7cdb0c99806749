"""Does the cheapest carrier get a parcel, of those that go there in time?"""

import pytest

from orders.values import Address
from shipping.carrier_selection import choose, quotes
from shipping.carriers import AddressRejected, Consignment
from shipping.carriers.simulated import SimulatedCarrier, Tariff


class Snail(SimulatedCarrier):
    """The cheapest of all, and later than what is promised."""

    name, prefix = "Snail", "SN"
    tariff = Tariff(prices={"standard": 1}, each_piece=0, days={"standard": (5, 9)})


class Tortoise(SimulatedCarrier):
    name, prefix = "Tortoise", "TO"
    tariff = Tariff(prices={"standard": 900}, each_piece=0, days={"standard": (5, 7)})


SNAIL, TORTOISE = f"{__name__}.Snail", f"{__name__}.Tortoise"


def parcel(country: str = "DE", method: str = "standard", pieces: int = 1) -> Consignment:
    return Consignment("Ada", Address("Street 1", "Town", "12345", country), method, pieces)


@pytest.mark.parametrize(
    ("consignment", "name"),
    [
        (parcel("DE"), "Landpost"),
        (parcel("CH"), "Swiftpost"),
        (parcel("DE", "express"), "Swiftpost"),
        (parcel("DE", pieces=20), "Landpost"),
        (parcel("DE", pieces=21), "Swiftpost"),
    ],
)
def test_the_cheapest_that_goes_there_is_chosen(consignment, name):
    assert choose(consignment=consignment).carrier == name


def test_a_cheaper_one_that_is_too_late_is_not_chosen(settings):
    settings.SHIPPING_CARRIERS = (SNAIL, *settings.SHIPPING_CARRIERS)
    assert quotes(consignment=parcel())[0].carrier == "Snail"
    assert choose(consignment=parcel()).carrier == "Landpost"


def test_where_nobody_is_in_time_the_fastest_is_chosen(settings):
    settings.SHIPPING_CARRIERS = (SNAIL, TORTOISE)
    assert choose(consignment=parcel()).carrier == "Tortoise"


def test_of_equals_the_first_one_of_the_settings_is_chosen(settings):
    settings.SHIPPING_CARRIERS = (TORTOISE, f"{__name__}.Twin")
    assert choose(consignment=parcel()).carrier == "Tortoise"


def test_where_nobody_goes_the_address_is_rejected():
    with pytest.raises(AddressRejected) as refused:
        choose(consignment=parcel("AQ"))
    assert refused.value.reason == "not_served"


def test_an_unknown_method_is_a_bug():
    with pytest.raises(KeyError):
        choose(consignment=parcel(method="teleport"))


class Twin(Tortoise):
    name = "Twin"
