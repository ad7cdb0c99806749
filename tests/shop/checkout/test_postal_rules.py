"""Addresses by their country's rules: the same for the checkout form, saved addresses and the API."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.models import Order
from orders.values import Address
from shop.checkout.countries import countries
from shop.checkout.postal_rules import InvalidAddress, checked
from tests.api.client import post
from tests.factories import ProductFactory, UserFactory
from tests.shop.checkout.page import filled, text

BERN = Address(line1="Hauptstrasse 1", city="Bern", postcode="3011", country="CH")
NEW_YORK = Address(line1="350 5th Ave", line2="Floor 2", city="New York", state="ny", postcode="10118", country="us")
TOKYO = Address(line1="1 Chome", city="Chiyoda", state="Tokyo", postcode="１００-０００１", country="JP")  # full width
CORK = Address(line1="1 Quay", city="Cork", state="Co. Cork", postcode="t12 xy45", country="IE")


@pytest.mark.parametrize(
    ("address", "state", "postcode"),
    [
        (BERN, "", "3011"),
        (NEW_YORK, "NY", "10118"),
        (replace(NEW_YORK, state="New York"), "NY", "10118"),
        (TOKYO, "東京都", "100-0001"),
        (replace(BERN, state="Kanton Bern"), "", "3011"),
        (CORK, "Co. Cork", "T12 XY45"),
        (Address(line1="1 Road", city="Dubai", state="دبي", postcode="", country="AE"), "إمارة دبيّ", ""),
    ],
)
def test_an_address_is_written_as_its_country_does(address, state, postcode):
    written = checked(address)
    assert (written.state, written.postcode, written.country) == (state, postcode, address.country.upper())
    assert checked(written) == written


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"country": "XX"}, "country", "Unknown country: XX."),
        ({"country": "ZZ"}, "country", "Unknown country: ZZ."),
        ({"postcode": "not a postcode"}, "postcode", "not a valid postcode for United States. Example: 95014."),
        ({"postcode": ""}, "postcode", "Please enter your postcode."),
        ({"postcode": "90210"}, "postcode", "not a valid postcode"),  # California's
        ({"state": ""}, "state", "Please enter your state, province or prefecture."),
        ({"state": "Bavaria"}, "state", "United States has no Bavaria."),
    ],
)
def test_what_is_wrong_is_named_by_field(changes, field, says):
    with pytest.raises(InvalidAddress) as refused:
        checked(replace(NEW_YORK, **changes))
    assert list(refused.value.errors) == [field]
    assert says in refused.value.errors[field]


@pytest.mark.parametrize("typed", ["ß" * 20, "ﷺ" * 20, "ｅｖｉｌ．ｃｏｍ"])
def test_where_there_are_no_postcodes_none_becomes_too_long_or_a_web_address(typed):
    luanda = Address(line1="1 Road", city="Luanda", postcode=typed, country="AO")
    with pytest.raises(InvalidAddress, match="Leave it empty if Angola has none"):
        checked(luanda)
    assert checked(replace(luanda, postcode="n/a")).postcode == "N/A"


@given(
    country=st.sampled_from([code for code, _name in countries()]) | st.text(max_size=3),
    state=st.text(max_size=20),
    postcode=st.text(max_size=20),
)
def test_any_text_is_an_address_or_refused(country, state, postcode):
    address = Address(line1="1 Road", city="Town", state=state, postcode=postcode, country=country)
    errors = {}
    try:
        address = checked(address)
    except InvalidAddress as refused:
        errors = refused.errors
    assert errors.keys() <= {"country", "state", "postcode"}
    assert errors or checked(address) == address


WRONG = [("country", "XX"), ("postcode", "not a postcode"), ("state", "Bavaria")]


@pytest.mark.django_db
@pytest.mark.parametrize(("field", "value"), WRONG)
def test_the_api_refuses_it_by_its_field(field, value):
    product = ProductFactory.create()
    address = {"line1": "350 5th Ave", "city": "New York", "state": "NY", "postcode": "10118", "country": "US"}
    body = {
        "email": "ann@shop.example",
        "name": "Ann",
        "address": address | {field: value},
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "lines": [{"sku": product.sku, "quantity": 1}],
    }
    refused = post("/orders/", body)
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [f"address.{field}"]
    assert post("/orders/", body | {"address": address | {"line2": "Floor 2"}}).status_code == 201
    assert Order.objects.get().address == Address(line2="Floor 2", **address)


@pytest.mark.django_db
@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_saved_address_with_it_is_refused_by_its_field(client, field, value):
    ada = UserFactory.create()
    client.force_login(ada, "shop.accounts.authentication.NameOrEmail")
    street = {"name": "Ada", "line1": "350 5th Ave", "city": "New York", "postcode": "10118", "country": "US"}
    page = text(client.post("/account/addresses/add/", street | {"state": "NY"} | {field: value}))
    assert f'id="id_{field}_error"' in page
    assert not ada.addresses.exists()
    client.post("/account/addresses/add/", street | {"state": "New York", "line2": "Floor 2"})
    saved = ada.addresses.get()
    assert (saved.line2, saved.state) == ("Floor 2", "NY")


@pytest.mark.django_db
@pytest.mark.parametrize(("field", "value"), WRONG)
def test_the_checkout_form_refuses_it_by_its_field(shopper, field, value):
    there = {"line2": "Floor 2", "city": "New York", "state": "NY", "postcode": "10118", "country": "US"}
    page = text(shopper.post("/checkout/", filled(shopper, **there | {field: value})))
    assert f'id="id_{field}_error"' in page
    assert Order.objects.count() == 0
    shopper.post("/checkout/", filled(shopper, **there))
    order = Order.objects.get()
    assert order.address.lines == ["1 Engine Row", "Floor 2", "10118 New York", "NY"]
    page = text(shopper.get(f"/orders/{order.public_id}/"))
    assert all(line in page for line in order.address.lines)
