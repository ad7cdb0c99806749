"""The seller and what goes with it: name, address, sender, currency, zone, country of tax."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.parts import seller

NAMES = ("NAME", "ADDRESS", "EMAIL", "VAT_NUMBER")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in (*(f"CONVEYOR_SELLER_{name}" for name in NAMES), "SHOP_CURRENCY", "SHOP_TIME_ZONE", "SHOP_TAX_COUNTRY"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_seller_it_is_the_example_shop():
    example = seller.seller()
    assert example.sender == "Conveyor <shop@conveyor.example>"
    assert example.lines == ("Conveyor", "1 Belt Street", "Exampletown", "shop@conveyor.example")
    assert (seller.currency(), seller.time_zone(), seller.tax_country()) == ("EUR", "UTC", "")


@pytest.mark.parametrize("typed", ["Weg 1; 10115 Berlin", "Weg 1\\n10115 Berlin", "Weg 1\n10115 Berlin;"])
def test_lines_of_the_address_are_separated_by_semicolons_or_line_breaks(monkeypatch, typed):
    monkeypatch.setenv("CONVEYOR_SELLER_ADDRESS", typed)
    assert seller.seller().address == ("Weg 1", "10115 Berlin")


def test_a_name_with_a_comma_is_one_sender(monkeypatch):
    monkeypatch.setenv("CONVEYOR_SELLER_NAME", "Lamps, Inc.")
    assert seller.seller().sender == '"Lamps, Inc." <shop@conveyor.example>'


def test_currency_zone_and_country_are_taken_as_they_are(monkeypatch):
    monkeypatch.setenv("SHOP_CURRENCY", "SEK")
    monkeypatch.setenv("SHOP_TIME_ZONE", "Europe/Stockholm")
    monkeypatch.setenv("SHOP_TAX_COUNTRY", "se")
    assert (seller.currency(), seller.time_zone(), seller.tax_country()) == ("SEK", "Europe/Stockholm", "SE")


@pytest.mark.parametrize("name", ["Lamps\r\nBcc: all@shop.example", "Lamps\u2028Shop"])
def test_a_name_cannot_add_headers(monkeypatch, name):
    monkeypatch.setenv("CONVEYOR_SELLER_NAME", name)
    with pytest.raises(ImproperlyConfigured, match="CONVEYOR_SELLER_NAME has more than one line"):
        seller.seller()
