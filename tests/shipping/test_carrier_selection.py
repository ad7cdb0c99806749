"""Carrier selection: the cheapest carrier in time, else the fastest."""

import pytest

from orders.values import Address
from shipping.carrier_selection import choose_quote, quotes
from shipping.carriers import AddressRejected, Consignment
from shipping.carriers.simulated import SimulatedCarrier, Tariff


class Snail(SimulatedCarrier):
    """The cheapest of all, but later than the shop promises."""

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
def test_the_cheapest_that_serves_the_address_is_chosen(consignment, name):
    assert choose_quote(consignment=consignment).carrier == name


def test_a_cheaper_carrier_that_is_too_late_is_not_chosen(settings):
    settings.SHIPPING_CARRIERS = (SNAIL, *settings.SHIPPING_CARRIERS)
    assert quotes(consignment=parcel())[0].carrier == "Snail"
    assert choose_quote(consignment=parcel()).carrier == "Landpost"


def test_the_fastest_is_chosen_if_none_is_in_time(settings):
    settings.SHIPPING_CARRIERS = (SNAIL, TORTOISE)
    assert choose_quote(consignment=parcel()).carrier == "Tortoise"


def test_ties_go_to_the_carrier_listed_first(settings):
    settings.SHIPPING_CARRIERS = (TORTOISE, f"{__name__}.Twin")
    assert choose_quote(consignment=parcel()).carrier == "Tortoise"


def test_an_address_that_no_carrier_serves_is_rejected():
    with pytest.raises(AddressRejected) as error:
        choose_quote(consignment=parcel("AQ"))
    assert error.value.reason == "not_served"


def test_an_unknown_method_is_a_bug():
    with pytest.raises(KeyError):
        choose_quote(consignment=parcel(method="teleport"))


class Twin(Tortoise):
    name = "Twin"
