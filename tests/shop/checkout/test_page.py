"""Checkout page: one order per form, at the shop's prices, with errors beside their fields."""

import re

import pytest

from orders.models import Order
from shop.models import Product, SavedAddress
from tests.factories import UserFactory
from tests.shop.checkout.page import ANSWERS, filled, hidden, text

pytestmark = pytest.mark.django_db


def test_an_order_is_placed_and_the_basket_is_empty(shopper, lamp):
    answer = shopper.post("/checkout/", filled(shopper))
    order = Order.objects.get()
    assert answer.url == f"/orders/{order.public_id}/"
    assert (order.total, order.source, order.country) == (2000, "web", "GB")
    assert "Your basket is empty" in text(shopper.get("/basket/"))
    assert Product.objects.get(pk=lamp.pk).stock == 3


def test_the_express_price_is_shown_before_ordering(shopper, settings):
    assert "€29.90" in text(shopper.get("/checkout/"))
    shopper.post("/checkout/", filled(shopper, shipping_method="express"))
    assert Order.objects.get().total == 2000 + settings.SHOP_EXPRESS_PRICE


def test_submitted_prices_are_ignored(shopper):
    shopper.post("/checkout/", filled(shopper, price="1", total="1", subtotal="1", unit_price="1", shipping_price="0"))
    assert Order.objects.get().total == 2000


@pytest.mark.parametrize("field", ["email", "name", "line1", "postcode", "city", "country", "payment_method"])
def test_a_missing_field_is_reported_beside_it(shopper, field):
    page = text(shopper.post("/checkout/", filled(shopper, **{field: ""})))
    assert "Your order has not been placed yet" in page
    assert f'id="id_{field}_error"' in page
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("country", "XX"),
        ("shipping_method", "teleport"),
        ("payment_method", "pm_unknown"),
        ("name", "x" * 500),
        ("city", "a\x00b"),
    ],
)
def test_invalid_input_is_refused_and_kept_in_the_form(shopper, field, value):
    page = text(shopper.post("/checkout/", filled(shopper, **{field: value})))
    assert f'id="id_{field}_error"' in page
    assert "1 Engine Row" in page
    assert Order.objects.count() == 0


@pytest.mark.parametrize(("field", "value"), [("token", ""), ("token", "<x>"), ("seen", "2000"), ("seen", "abc")])
def test_an_invalid_hidden_field_is_renewed(shopper, field, value):
    page = text(shopper.post("/checkout/", filled(shopper, **{field: value})))
    assert "out of date" in page
    shopper.post("/checkout/", ANSWERS | hidden(page))
    assert Order.objects.count() == 1


def test_a_product_sold_out_since_stops_the_order(shopper):
    form = filled(shopper)
    Product.objects.update(stock=1)
    page = text(shopper.post("/checkout/", form, follow=True))
    assert "Your order was not placed" in page
    assert "Only 1 left" in page
    assert Order.objects.count() == 0


def test_an_empty_basket_has_nothing_to_check_out(client):
    assert client.get("/checkout/").url == "/basket/"
    assert client.post("/checkout/", ANSWERS).url == "/basket/"


def test_test_cards_are_explained_in_demo_mode_only(shopper, settings):
    assert "pm_bug" in text(shopper.get("/checkout/"))
    settings.CONVEYOR_DEMO = False
    assert "pm_bug" not in text(shopper.get("/checkout/"))


def test_a_signed_in_shopper_gets_a_prefilled_form_and_an_order_history(shopper, lamp):
    shopper.force_login(UserFactory.create(username="ada"))
    shopper.post("/checkout/", filled(shopper))
    assert Order.objects.get().number in text(shopper.get("/account/"))
    shopper.post("/basket/add/", {"sku": lamp.sku})
    assert "1 Engine Row" in text(shopper.get("/checkout/"))


def test_the_account_needs_sign_in(client):
    answer = client.get("/account/")
    assert answer.status_code == 302
    assert "login" in answer.url


def test_the_account_shows_only_own_orders(shopper):
    shopper.post("/checkout/", filled(shopper))
    shopper.force_login(UserFactory.create())
    assert Order.objects.get().number not in text(shopper.get("/account/"))


@pytest.mark.parametrize(
    ("country", "postcode", "example"),
    [("DE", "1234", "26133"), ("GB", "12345", "EC1Y 8SY"), ("US", "ABC", "95014"), ("PL", "00950", "00-950")],
)
def test_an_invalid_postcode_is_refused_with_an_example(shopper, country, postcode, example):
    page = text(shopper.post("/checkout/", filled(shopper, country=country, postcode=postcode)))
    assert f"Example: {example}." in page
    assert Order.objects.count() == 0


def test_a_country_without_postcodes_needs_none(shopper):
    shopper.post("/checkout/", filled(shopper, country="HK", city="Mong Kok", state="Kowloon", postcode=""))
    assert Order.objects.get().postcode == ""


def test_whitespace_is_collapsed_and_postcodes_are_upper_case(shopper):
    shopper.post("/checkout/", filled(shopper, name="  Ada \r\n\t Lovelace ", postcode=" n1  1aa "))
    order = Order.objects.get()
    assert (order.name, order.postcode) == ("Ada Lovelace", "N1 1AA")


def test_control_characters_are_refused(shopper):
    assert 'id="id_name_error"' in text(shopper.post("/checkout/", filled(shopper, name="Ada\x07")))
    assert Order.objects.count() == 0


def test_errors_are_accessible_and_focused(shopper):
    page = text(shopper.post("/checkout/", filled(shopper, name="", city="")))
    field = re.search(r'<input[^>]*name="name"[^>]*>', page)[0]
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_name_error"' in field
    assert "autofocus" in field
    assert page.count("autofocus") == 1


@pytest.mark.parametrize(("languages", "country"), [("de-AT,de;q=0.9,en;q=0.5", "AT"), ("en", ""), ("x-XX", "")])
def test_the_country_is_guessed_from_the_browser_language(shopper, languages, country):
    page = text(shopper.get("/checkout/", HTTP_ACCEPT_LANGUAGE=languages))
    assert re.findall(r'<option value="([^"]*)" selected', page) == [country]


def test_both_shipping_methods_show_price_and_dates(shopper, time_machine):
    time_machine.move_to("2026-03-02 10:00+00:00", tick=False)
    page = " ".join(text(shopper.get("/checkout/")).split())
    assert "Arrives Tue, Mar 3 <" in page
    assert "Arrives Wed, Mar 4 – Fri, Mar 6" in page


def test_guests_can_sign_in_and_return(shopper):
    assert "/account/login/?next=/checkout/" in text(shopper.get("/checkout/"))
    shopper.force_login(UserFactory.create())
    assert "/account/login/?next" not in text(shopper.get("/checkout/"))


def test_a_saved_address_is_offered_for_the_next_order(shopper, lamp):
    user = UserFactory.create()
    shopper.force_login(user)
    shopper.post("/basket/add/", {"sku": lamp.sku})
    shopper.post("/checkout/", filled(shopper, keep_address="on"))
    saved = user.addresses.get()
    shopper.post("/basket/add/", {"sku": lamp.sku})
    page = text(shopper.get("/checkout/"))
    assert re.search(rf'name="saved_address"\s+value="{saved.pk}"[^>]*checked', page)

    blank = dict.fromkeys(("name", "line1", "postcode", "city", "country"), "")
    shopper.post("/checkout/", ANSWERS | hidden(page) | blank | {"saved_address": str(saved.pk)})
    latest = Order.objects.first()
    assert (latest.name, latest.city, latest.country) == ("Ada Lovelace", "London", "GB")
    assert Order.objects.count() == 2


def test_an_outdated_saved_address_can_be_corrected(shopper, lamp):
    user = UserFactory.create()
    shopper.force_login(user)
    saved = user.addresses.create(name="Ada", line1="1 Engine Row", city="London", postcode="old", country="GB")
    shopper.post("/basket/add/", {"sku": lamp.sku})
    page = text(shopper.post("/checkout/", filled(shopper, saved_address=str(saved.pk))))
    assert 'id="id_postcode_error"' in page
    assert re.search(r'name="saved_address"\s+value="new"[^>]*checked', page)


def test_another_shoppers_address_cannot_be_chosen(shopper):
    other = UserFactory.create().addresses.create(name="Eve", line1="x", city="x", postcode="1", country="DE")
    shopper.post("/checkout/", filled(shopper, saved_address=str(other.pk)))
    assert not Order.objects.filter(name="Eve").exists()


def test_an_unserved_country_is_refused_beside_its_field(shopper, lamp):
    page = shopper.post("/checkout/", filled(shopper, country="AQ", postcode="BIQQ 1ZZ"))
    assert "We cannot deliver there" in text(page)
    assert not Order.objects.exists()
    lamp.refresh_from_db()
    assert lamp.stock == 5


def test_the_page_says_which_vat_the_chosen_country_has(shopper):
    def shown(**destination: str) -> str:
        return text(shopper.post("/checkout/tax/", destination))

    assert "For delivery to Germany:" in shown(country="DE", postcode="10115")
    assert "Includes €3.19 VAT (19%)." in shown(country="DE", postcode="10115")
    assert "Includes €4.77 VAT (19%)." in shown(country="DE", postcode="10115")
    assert "No VAT: delivery outside the EU’s VAT area." in shown(country="GB", postcode="N1 1AA")
    assert "Includes €3.33 VAT (20%)." in shown(country="GB", postcode="BT1 5GS")
    assert "No VAT" in shown(country="ES", postcode="35001")


@pytest.mark.parametrize("country", ["", "XX", "<b>", "D\x00"])
def test_without_a_country_prices_include_vat(shopper, country):
    page = text(shopper.post("/checkout/tax/", {"country": country}))
    assert "Prices include VAT." in page
    assert "For delivery" not in page


def test_the_page_begins_with_the_vat_of_the_likely_country_and_follows_what_was_typed(shopper):
    page = text(shopper.get("/checkout/", headers={"Accept-Language": "en-IE"}))
    assert "Includes €3.74 VAT (23%)." in page
    page = text(shopper.post("/checkout/", filled(shopper, country="DE", postcode="nonsense")))
    assert "Includes €3.19 VAT (19%)." in page


def test_vat_of_a_saved_address_is_that_of_its_country(shopper):
    user = UserFactory()
    shopper.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    saved = SavedAddress.objects.create(
        user=user, name="Ada", line1="Weg 1", city="Berlin", postcode="10115", country="DE"
    )
    answer = {"saved_address": str(saved.pk), "country": "GB"}
    assert "Includes €3.19 VAT (19%)." in text(shopper.post("/checkout/tax/", answer))
    assert "Includes €3.19 VAT (19%)." in text(shopper.get("/checkout/"))


def test_vat_is_asked_for_by_post_only(shopper):
    assert shopper.get("/checkout/tax/").status_code == 405
