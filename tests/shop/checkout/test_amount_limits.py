"""What a gateway does not charge is refused at checkout, in words, and nothing is written."""

import uuid

import pytest

from messaging.models import Message
from orders.models import Order
from payments.gateways import AmountRefused
from payments.models import Payment
from shop.checkout.services import LineWanted
from shop.models import Product
from shop.order_pages.services import pay_again
from tests.api.client import order_body, post
from tests.factories import ProductFactory, place
from tests.shop.checkout.page import filled, text

pytestmark = pytest.mark.django_db
TOKEN = "ctoken_1NnQUf2eZvKYlo2CIObdtbnb"


@pytest.fixture
def stripe(settings):
    settings.PAYMENT_GATEWAY = "stripe"


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        (0, "Orders below €0.50 cannot be paid here. Please add something to your order."),
        (24, "Orders below €0.50 cannot be paid here. Please add something to your order."),
        (50_000_000, "Orders above €999,999.99 cannot be paid here. Please place several smaller orders."),
    ],
)
def test_it_is_refused_beside_the_order(stripe, shopper, price, sentence):
    Product.objects.update(price=price)
    page = text(shopper.post("/checkout/", filled(shopper, payment_method=TOKEN)))
    assert sentence in page
    assert not Order.objects.exists()
    assert not Payment.objects.exists()
    assert not Message.objects.exists()
    assert list(Product.objects.values_list("stock", flat=True)) == [5]


def test_a_repeated_request_gets_its_first_order_whatever_the_price_is_now(stripe):
    product, key = ProductFactory.create(price=50), str(uuid.uuid4())
    first = post("/orders/", order_body(product.sku), key=key)
    Product.objects.update(price=49)
    again = post("/orders/", order_body(product.sku), key=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["number"] == first.json()["number"]


def test_the_api_names_the_lines(stripe, client):
    body = order_body(ProductFactory.create(price=49).sku)
    answer = client.post("/api/v1/orders/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"]["lines"] == [
        "Orders below €0.50 cannot be paid here. Please add something to your order."
    ]


@pytest.mark.parametrize("price", [50, 99_999_999])
def test_the_least_and_the_most_are_charged(stripe, price):
    assert place(lines=[LineWanted(ProductFactory.create(price=price).sku, 1)]).total == price


def test_an_order_of_another_gateways_time_is_not_paid_again(settings):
    order = place(lines=[LineWanted(ProductFactory.create(price=49).sku, 1)])
    settings.PAYMENT_GATEWAY = "stripe"
    with pytest.raises(AmountRefused):
        pay_again(order=order, payment_method="pm_card_visa")


def test_the_simulated_gateway_charges_any_amount():
    assert place(lines=[LineWanted(ProductFactory.create(price=0).sku, 1)]).total == 0
