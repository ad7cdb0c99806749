"""Does the checkout form place one order, at the shop's prices, and say what is wrong otherwise?"""

import re

import pytest

from orders.models import Order
from shop.models import Product
from tests.factories import CategoryFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db

ANSWERS = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "line1": "1 Engine Row",
    "postcode": "N1 1AA",
    "city": "London",
    "country": "GB",
    "shipping_method": "standard",
    "payment_method": "pm_card_visa",
}


@pytest.fixture
def lamp():
    return ProductFactory.create(name="Lamp", price=1000, stock=5, category=CategoryFactory.create())


@pytest.fixture
def shopper(client, lamp):
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 2})
    return client


def text(response) -> str:
    return response.content.decode()


def hidden(page: str) -> dict[str, str]:
    """What the page itself put into the form."""
    return dict(re.findall(r'name="(token|seen)" value="([^"]+)"', page))


def filled(client, **changes) -> dict[str, str]:
    return ANSWERS | hidden(text(client.get("/checkout/"))) | changes


def test_an_order_is_placed_and_the_basket_is_empty(shopper, lamp):
    answer = shopper.post("/checkout/", filled(shopper))
    order = Order.objects.get()
    assert answer.url == f"/orders/{order.public_id}/"
    assert (order.total, order.source, order.country) == (2000, "web", "GB")
    assert shopper.session.get("basket") is None
    assert Product.objects.get(pk=lamp.pk).stock == 3


def test_express_costs_more_and_is_shown_before(shopper, settings):
    assert "€29.90" in text(shopper.get("/checkout/"))
    shopper.post("/checkout/", filled(shopper, shipping_method="express"))
    assert Order.objects.get().total == 2000 + settings.SHOP_EXPRESS_PRICE


def test_a_form_sent_twice_gives_one_order(shopper):
    form = filled(shopper)
    first, second = shopper.post("/checkout/", form), shopper.post("/checkout/", form)
    assert first.url == second.url
    assert Order.objects.count() == 1


def test_two_clicks_that_both_still_see_the_basket_give_one_order(shopper):
    """The second click's session was read before the first one's was written, and the first took the last pieces."""
    form = filled(shopper)
    before = dict(shopper.session.items())
    Product.objects.update(stock=2)
    first = shopper.post("/checkout/", form)
    session = shopper.session
    session.clear()
    session.update(before)
    session.save()
    second = shopper.post("/checkout/", form)
    assert first.url == second.url
    assert Order.objects.count() == 1


def test_the_back_button_after_another_change_still_gives_one_order(shopper, lamp):
    form = filled(shopper)
    first = shopper.post("/checkout/", form)
    shopper.post("/basket/add/", {"sku": lamp.sku})
    again = shopper.post("/checkout/", form | {"city": "Paris"}, follow=True)
    assert again.redirect_chain[0][0] == first.url
    assert "already placed this order" in text(again)
    assert Order.objects.count() == 1


def test_two_orders_on_purpose_are_two(shopper, lamp):
    shopper.post("/checkout/", filled(shopper))
    shopper.post("/basket/add/", {"sku": lamp.sku})
    shopper.post("/checkout/", filled(shopper))
    assert Order.objects.count() == 2


def test_prices_that_a_browser_sends_count_for_nothing(shopper):
    shopper.post("/checkout/", filled(shopper, price="1", total="1", subtotal="1", unit_price="1", shipping_price="0"))
    assert Order.objects.get().total == 2000


@pytest.mark.parametrize("field", ["email", "name", "line1", "postcode", "city", "country", "payment_method"])
def test_what_is_missing_is_said_beside_its_field(shopper, field):
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
def test_what_does_not_fit_is_refused_and_what_was_typed_stays(shopper, field, value):
    page = text(shopper.post("/checkout/", filled(shopper, **{field: value})))
    assert f'id="id_{field}_error"' in page
    assert "1 Engine Row" in page
    assert Order.objects.count() == 0


@pytest.mark.parametrize(("field", "value"), [("token", ""), ("token", "<x>"), ("seen", "-1"), ("seen", "abc")])
def test_a_damaged_form_is_given_back_mended(shopper, field, value):
    page = text(shopper.post("/checkout/", filled(shopper, **{field: value})))
    assert "out of date" in page
    shopper.post("/checkout/", ANSWERS | hidden(page))
    assert Order.objects.count() == 1


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_charged(shopper):
    form = filled(shopper)
    Product.objects.update(price=1500)
    page = text(shopper.post("/checkout/", form))
    assert "check the new total" in page
    assert "€30.00" in page
    assert Order.objects.count() == 0
    shopper.post("/checkout/", ANSWERS | hidden(page))
    assert Order.objects.get().total == 3000


def test_what_was_sold_meanwhile_is_said_and_nothing_is_ordered(shopper):
    form = filled(shopper)
    Product.objects.update(stock=1)
    page = text(shopper.post("/checkout/", form, follow=True))
    assert "Nothing was ordered" in page
    assert "Only 1 is left" in page
    assert Order.objects.count() == 0


def test_an_empty_basket_has_nothing_to_check_out(client):
    assert client.get("/checkout/").url == "/basket/"
    assert client.post("/checkout/", ANSWERS).url == "/basket/"


def test_test_cards_are_told_in_demo_mode_only(shopper, settings):
    assert "pm_bug" in text(shopper.get("/checkout/"))
    settings.CONVEYOR_DEMO = False
    assert "pm_bug" not in text(shopper.get("/checkout/"))


def test_who_is_signed_in_finds_the_order_in_the_account_and_need_not_type_again(shopper, lamp):
    shopper.force_login(UserFactory.create(username="ada"))
    shopper.post("/checkout/", filled(shopper))
    assert Order.objects.get().number in text(shopper.get("/account/"))
    shopper.post("/basket/add/", {"sku": lamp.sku})
    assert "1 Engine Row" in text(shopper.get("/checkout/"))


def test_the_account_asks_who_you_are(client):
    answer = client.get("/account/")
    assert answer.status_code == 302
    assert "login" in answer.url


def test_the_account_shows_no_orders_of_others(shopper):
    shopper.post("/checkout/", filled(shopper))
    shopper.force_login(UserFactory.create())
    assert Order.objects.get().number not in text(shopper.get("/account/"))


@pytest.mark.parametrize(
    ("country", "postcode", "example"),
    [("DE", "1234", "26133"), ("GB", "12345", "EC1Y 8SY"), ("US", "ABC", "95014"), ("PL", "00950", "00-950")],
)
def test_a_postcode_that_the_country_does_not_have_is_refused_with_an_example(shopper, country, postcode, example):
    page = text(shopper.post("/checkout/", filled(shopper, country=country, postcode=postcode)))
    assert f"Example: {example}." in page
    assert Order.objects.count() == 0


def test_a_country_without_postcodes_needs_none(shopper):
    shopper.post("/checkout/", filled(shopper, country="HK", city="Kowloon", postcode=""))
    assert Order.objects.get().postcode == ""


def test_spaces_and_line_breaks_become_single_spaces_and_postcodes_capitals(shopper):
    shopper.post("/checkout/", filled(shopper, name="  Ada \r\n\t Lovelace ", postcode=" n1  1aa "))
    order = Order.objects.get()
    assert (order.name, order.postcode) == ("Ada Lovelace", "N1 1AA")


def test_control_characters_are_refused(shopper):
    assert 'id="id_name_error"' in text(shopper.post("/checkout/", filled(shopper, name="Ada\x07")))
    assert Order.objects.count() == 0


def test_what_is_wrong_is_told_to_those_who_cannot_see_and_focused(shopper):
    page = text(shopper.post("/checkout/", filled(shopper, name="", city="")))
    field = re.search(r'<input[^>]*name="name"[^>]*>', page)[0]
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_name_error"' in field
    assert "autofocus" in field
    assert page.count("autofocus") == 1


@pytest.mark.parametrize(("languages", "country"), [("de-AT,de;q=0.9,en;q=0.5", "AT"), ("en", ""), ("x-XX", "")])
def test_the_browsers_language_names_a_likely_country(shopper, languages, country):
    page = text(shopper.get("/checkout/", HTTP_ACCEPT_LANGUAGE=languages))
    assert re.findall(r'<option value="([^"]*)" selected', page) == [country]


def test_both_ways_to_travel_are_offered_with_price_and_day(shopper, time_machine):
    time_machine.move_to("2026-03-02 10:00+00:00", tick=False)
    page = " ".join(text(shopper.get("/checkout/")).split())
    assert "Arrives Tue, Mar 3 <" in page
    assert "Arrives Wed, Mar 4 – Fri, Mar 6" in page


def test_guests_are_offered_to_sign_in_and_come_back(shopper):
    assert "/account/login/?next=/checkout/" in text(shopper.get("/checkout/"))
    shopper.force_login(UserFactory.create())
    assert "/account/login/?next" not in text(shopper.get("/checkout/"))


def test_an_address_is_kept_and_offered_for_the_next_order(shopper, lamp):
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


def test_a_saved_address_that_does_not_fit_any_more_is_shown_to_be_mended(shopper, lamp):
    user = UserFactory.create()
    shopper.force_login(user)
    saved = user.addresses.create(name="Ada", line1="1 Engine Row", city="London", postcode="old", country="GB")
    shopper.post("/basket/add/", {"sku": lamp.sku})
    page = text(shopper.post("/checkout/", filled(shopper, saved_address=str(saved.pk))))
    assert 'id="id_postcode_error"' in page
    assert re.search(r'name="saved_address"\s+value="new"[^>]*checked', page)


def test_somebody_elses_address_cannot_be_chosen(shopper):
    other = UserFactory.create().addresses.create(name="Eve", line1="x", city="x", postcode="1", country="DE")
    shopper.post("/checkout/", filled(shopper, saved_address=str(other.pk)))
    assert not Order.objects.filter(name="Eve").exists()


def test_a_country_that_no_carrier_serves_is_refused_beside_its_field(shopper, lamp):
    page = shopper.post("/checkout/", filled(shopper, country="AQ", postcode="BIQQ 1ZZ"))
    assert "We cannot deliver there" in text(page)
    assert not Order.objects.exists()
    lamp.refresh_from_db()
    assert lamp.stock == 5
