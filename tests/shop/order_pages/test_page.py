"""Can a shopper watch an order, stop it, and pay again, with and without JavaScript?"""

import pytest

from orders import services as orders
from orders.models import Order, OrderEvent
from shop.checkout.services import LineWanted
from shop.models import Product
from tests.delivery import deliver_due
from tests.factories import CategoryFactory, ProductFactory, place

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def order():
    lamp = ProductFactory.create(name="Lamp", price=1000, stock=5, category=CategoryFactory.create())
    return place(lines=[LineWanted(sku=lamp.sku, quantity=2)], name="Ada <b>Lovelace</b>")


@pytest.fixture
def failed():
    lamp = ProductFactory.create(name="Lamp", price=1000, stock=5, category=CategoryFactory.create())
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=2)], payment_method="pm_card_declined")
    deliver_due()
    return order


def text(response) -> str:
    return response.content.decode()


def test_the_page_shows_the_order_and_escapes_what_was_typed(client, order):
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert order.number in page
    assert "2 × Lamp" in page
    assert "€20.00" in page
    assert "Ada &lt;b&gt;" in page
    assert "hx-get" in page


@pytest.mark.parametrize("path", ["/orders/nope/", "/orders/nope/live/", "/orders/%00/", "/orders/a'b/"])
def test_an_unknown_order_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_nothing_new_costs_no_new_drawing(client, order):
    live = f"/orders/{order.public_id}/live/"
    first = client.get(live, **HTMX)
    assert first.status_code == 200
    again = client.get(live, HTTP_IF_NONE_MATCH=first["ETag"], **HTMX)
    assert again.status_code == 304
    assert again.content == b""
    orders.mark_paid(order=order)
    changed = client.get(live, HTTP_IF_NONE_MATCH=first["ETag"], **HTMX)
    assert changed.status_code == 200
    assert 'data-status="paid"' in text(changed)


def test_the_part_that_is_polled_asks_with_its_own_version(client, order):
    live = client.get(f"/orders/{order.public_id}/live/", **HTMX)
    version = live["ETag"].strip('"')
    assert f'{{"If-None-Match": "\\"{version}\\""}}' in text(live)


def test_a_page_says_when_the_order_waits_for_a_person(client, order):
    OrderEvent.objects.create(order=order, kind="attempt_failed", data={"step": "payment", "retry_at": None})
    for path in ("", "live/"):
        page = text(client.get(f"/orders/{order.public_id}/{path}"))
        assert page.count("a person is looking at it") == 2
        assert "We are taking the payment" not in page


def test_a_page_says_until_when_the_goods_are_kept_for_an_order_whose_payment_broke(client, time_machine, settings):
    time_machine.move_to("2026-03-02 10:00+00:00", tick=False)
    settings.CONVEYOR_RESERVATION_SECONDS = 5400
    lamp = ProductFactory.create(category=CategoryFactory.create())
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=2)], payment_method="pm_bug")
    assert "Held until" not in text(client.get(f"/orders/{order.public_id}/"))
    deliver_due()
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert "Held until" in page
    assert "Mon, Mar 2, 11:30" in page
    assert "The goods are kept for you." in page
    time_machine.move_to("2026-03-02 11:31+00:00", tick=False)
    assert "Held until" not in text(client.get(f"/orders/{order.public_id}/"))


def test_a_page_does_not_claim_to_keep_goods_after_a_failed_payment(client, failed, settings):
    page = text(client.get(f"/orders/{failed.public_id}/"))
    assert "Pay until" in page
    assert "The goods are on sale again meanwhile." in page
    assert "Held until" not in page


def test_polling_ends_with_the_order(client, order):
    for move in (orders.mark_paid, lambda *, order: orders.mark_shipped(order=order, carrier="X", tracking_number="1")):
        move(order=order)
        assert "hx-get" in text(client.get(f"/orders/{order.public_id}/live/"))
    orders.mark_delivered(order=order)
    assert "hx-get" not in text(client.get(f"/orders/{order.public_id}/live/"))


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_order_is_cancelled(client, order, headers):
    answer = client.post(f"/orders/{order.public_id}/cancel/", follow=True, **headers)
    assert "The order is cancelled" in text(answer)
    assert ("<html" in text(answer)) is not bool(headers)
    assert Order.objects.get().status == "cancelled"


def test_a_parcel_on_its_way_cannot_be_called_back(client, order):
    orders.mark_paid(order=order)
    orders.mark_shipped(order=order, carrier="X", tracking_number="1")
    assert "Cancel order" not in text(client.get(f"/orders/{order.public_id}/"))
    assert "too late" in text(client.post(f"/orders/{order.public_id}/cancel/", follow=True))
    assert Order.objects.get().status == "shipped"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_after_a_failed_payment_another_card_can_be_tried(client, failed, headers):
    assert "Pay again" in text(client.get(f"/orders/{failed.public_id}/"))
    answer = client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": "pm_card_visa"}, follow=True, **headers)
    assert "trying the payment again" in text(answer)
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize("method", ["", "pm_unknown"])
def test_a_method_that_is_not_offered_is_refused(client, failed, method):
    answer = client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": method}, follow=True)
    assert "choose how you want to pay" in text(answer)
    assert Order.objects.get().status == "payment_failed"


def test_an_order_that_is_paid_cannot_be_paid_again(client, order):
    orders.mark_paid(order=order)
    answer = client.post(f"/orders/{order.public_id}/pay/", {"payment_method": "pm_card_visa"}, follow=True)
    assert "cannot be paid again" in text(answer)


def test_paying_again_is_refused_when_the_goods_are_gone(client, failed):
    Product.objects.update(stock=0)
    answer = client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": "pm_card_visa"}, follow=True)
    assert "sold meanwhile" in text(answer)
    assert Order.objects.get().status == "payment_failed"


def test_the_same_goods_are_ordered_again_as_far_as_they_are_there(client):
    category = CategoryFactory.create()
    lamp = ProductFactory.create(name="Lamp", stock=9, category=category)
    few = ProductFactory.create(name="Few", stock=5, category=category)
    gone = ProductFactory.create(name="Old <b>chair</b>", category=category)
    order = place(lines=[LineWanted(sku=p.sku, quantity=4) for p in (lamp, few, gone)])
    Product.objects.filter(pk=gone.pk).update(is_listed=False)
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 1})
    page = text(client.post(f"/orders/{order.public_id}/reorder/", follow=True))
    assert client.session["basket"] == {lamp.sku: 5, few.sku: 1}
    assert "5 pieces are in your basket." in page
    assert "3 pieces were not added" in page
    assert "No longer sold: Old &lt;b&gt;chair&lt;/b&gt;." in page


def test_ordering_again_what_is_all_gone_adds_nothing(client, order):
    Product.objects.update(is_listed=False)
    page = text(client.post(f"/orders/{order.public_id}/reorder/", follow=True))
    assert "No longer sold: Lamp." in page
    assert "Your basket is empty" in page


def test_an_arrival_is_promised_until_something_breaks(client, time_machine):
    time_machine.move_to("2026-03-02 10:00+00:00", tick=False)
    order = place(lines=[LineWanted(sku=ProductFactory.create(category=CategoryFactory.create()).sku, quantity=1)])
    assert "Arrives Wed, Mar 4 – Fri, Mar 6" in " ".join(text(client.get(f"/orders/{order.public_id}/")).split())
    OrderEvent.objects.create(
        order=order,
        kind="attempt_failed",
        data={"step": "payment", "attempt": 1, "of": 5, "retry_at": "2026-03-02T14:02:00+00:00"},
    )
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert "Arrives" not in page
    assert "The bank did not answer; retrying at 14:02 UTC (attempt 2 of 5)" in page


def test_a_parcel_shows_its_carrier_and_label_number(client, order):
    deliver_due()
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert f"data-tracking>{order.shipment.tracking_number}<" in page
    assert "Swiftpost" in page


@pytest.mark.parametrize("path", ["", "live/", "invoice.pdf"])
def test_an_order_is_kept_by_nobody_and_told_to_nobody(client, order, path):
    answer = client.get(f"/orders/{order.public_id}/{path}")
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("action", ["cancel", "pay", "reorder"])
def test_looking_changes_nothing(client, order, action):
    assert client.get(f"/orders/{order.public_id}/{action}/").status_code == 405
