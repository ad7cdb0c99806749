"""Order page: live updates, cancellation, payment retry and reorder, with and without JavaScript."""

from datetime import UTC, datetime

import pytest

from messaging.models import Message
from orders import services as orders
from orders.models import Order, OrderEvent
from orders.values import Address
from payments.models import Payment
from shop.checkout.services import LineWanted
from shop.models import GuestBasket, Product
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import CategoryFactory, ProductFactory, place
from tests.messaging.operations import scripted_mail

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
CHARGE = {"task": "payments.charge_payment", "step": "payment"}


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


def test_the_page_shows_the_order_and_escapes_input(client, order):
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert order.number in page
    assert "2 × Lamp" in page
    assert "€20.00" in page
    assert "Ada &lt;b&gt;" in page
    assert "hx-get" in page
    assert "No VAT: delivery outside the EU’s VAT area." in page


def test_the_page_shows_each_rate_of_vat(client):
    lamp = ProductFactory.create(price=1190, category=CategoryFactory.create())
    book = ProductFactory.create(price=1070, category=CategoryFactory.create(), tax_class="reduced")
    lines = [LineWanted(sku=lamp.sku, quantity=1), LineWanted(sku=book.sku, quantity=1)]
    order = place(lines=lines, address=Address("Weg 1", "Berlin", "10115", "DE"))
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert "Includes €1.90 VAT (19%)." in page
    assert "Includes €0.70 VAT (7%)." in page


@pytest.mark.parametrize("path", ["/orders/nope/", "/orders/nope/live/", "/orders/%00/", "/orders/a'b/"])
def test_an_unknown_order_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_an_unchanged_order_answers_304(client, order):
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


def test_polling_sends_its_own_version(client, order):
    live = client.get(f"/orders/{order.public_id}/live/", **HTMX)
    version = live["ETag"].strip('"')
    assert f'{{"If-None-Match": "\\"{version}\\""}}' in text(live)


def test_a_failed_step_says_that_someone_is_looking_into_it(client, order):
    OrderEvent.objects.create(order=order, kind="attempt_failed", data=CHARGE | {"retry_at": None})
    for path in ("", "live/"):
        page = text(client.get(f"/orders/{order.public_id}/{path}"))
        assert page.count("Our team is looking into it") == 2
        assert "are processing your payment" not in page


def test_a_failure_of_side_work_is_not_told_to_the_shopper(client, settings):
    settings.EMAIL_BACKEND = "tests.messaging.operations.scripted_mail.EmailBackend"
    order = place()
    for task in ("payments.charge_payment", "shipping.create_shipment"):
        deliver(claim_task(task=task))
    scripted_mail.script[:] = [RuntimeError("a bug"), RuntimeError("a bug")]
    emails = list(Message.objects.filter(task="orders.send_email"))
    assert {deliver(claim_task(task=email.task, pk=email.pk)) for email in emails} == {"dead"}
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert "Your parcel is on its way." in page
    assert 'data-event="attempt_failed"' not in page
    assert "on our side" not in page
    assert order.events.filter(kind="attempt_failed").count() == len(emails)


@pytest.mark.django_db(transaction=True)
def test_repeated_failures_are_told_as_resolved_by_one_line_once_their_step_is_done(client):
    order = place(payment_method="pm_flaky_2")
    for _ in range(3):
        deliver(claim_task(task="payments.charge_payment"))
    assert order.events.filter(kind="attempt_failed").count() == 2
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert page.count("The bank did not answer. This has been resolved") == 1
    assert "retrying at" not in page
    assert "timeline-waits" not in page


def test_a_broken_payment_shows_the_reservation_deadline(client, time_machine, settings):
    time_machine.move_to("2026-03-02 10:00+00:00", tick=False)
    settings.CONVEYOR_RESERVATION_SECONDS = 5400
    lamp = ProductFactory.create(category=CategoryFactory.create())
    order = place(lines=[LineWanted(sku=lamp.sku, quantity=2)], payment_method="pm_bug")
    assert "Reserved until" not in text(client.get(f"/orders/{order.public_id}/"))
    deliver_due()
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert "Reserved until" in page
    assert "Mon, Mar 2, 11:30" in page
    assert "We are holding your items for you." in page
    time_machine.move_to("2026-03-02 11:31+00:00", tick=False)
    assert "Reserved until" not in text(client.get(f"/orders/{order.public_id}/"))


def test_a_failed_payment_shows_a_payment_deadline(client, failed, settings):
    page = text(client.get(f"/orders/{failed.public_id}/"))
    assert "Pay by" in page
    assert "Your items are back on sale in the meantime." in page
    assert "Reserved until" not in page


def test_an_update_also_brings_the_time_of_the_order_in_the_viewers_zone(client, order):
    Order.objects.filter(pk=order.pk).update(placed_at=datetime(2026, 11, 28, 15, 21, tzinfo=UTC))
    assert "Nov 28, 15:21" in placed_line(text(client.get(f"/orders/{order.public_id}/")))
    client.cookies["timezone"] = "Europe/Berlin"
    assert "Nov 28, 16:21" in placed_line(text(client.get(f"/orders/{order.public_id}/live/")))


def placed_line(page: str) -> str:
    return page.partition('id="order-placed"')[2].partition("</p>")[0]


def test_polling_stops_when_the_order_is_final(client, order):
    for move in (orders.mark_paid, lambda *, order: orders.mark_shipped(order=order, carrier="X", tracking_number="1")):
        move(order=order)
        assert "hx-get" in text(client.get(f"/orders/{order.public_id}/live/"))
    orders.mark_delivered(order=order)
    assert "hx-get" not in text(client.get(f"/orders/{order.public_id}/live/"))


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_order_is_cancelled(client, order, headers):
    answer = client.post(f"/orders/{order.public_id}/cancel/", follow=True, **headers)
    assert "Your order is cancelled" in text(answer)
    assert ("<html" in text(answer)) is not bool(headers)
    assert Order.objects.get().status == "cancelled"


def test_cancelling_an_order_that_was_not_charged_promises_no_refund(client, failed):
    before = text(client.get(f"/orders/{failed.public_id}/"))
    after = text(client.post(f"/orders/{failed.public_id}/cancel/", follow=True))
    assert "If you cancel, nothing is charged." in before
    assert "You have not been charged." in after
    assert "we refund you" not in before + after


def test_a_shipped_order_cannot_be_cancelled(client, order):
    orders.mark_paid(order=order)
    orders.mark_shipped(order=order, carrier="X", tracking_number="1")
    assert "Cancel order" not in text(client.get(f"/orders/{order.public_id}/"))
    assert "too late" in text(client.post(f"/orders/{order.public_id}/cancel/", follow=True))
    assert Order.objects.get().status == "shipped"


def test_the_second_of_two_clicks_on_cancel_is_no_error(client, order):
    first, second = (text(client.post(f"/orders/{order.public_id}/cancel/", follow=True)) for _ in range(2))
    assert ("Your order is cancelled" in first, "too late" in second) == (True, False)


def test_the_second_of_two_clicks_on_retry_charges_nothing_more(client, failed):
    method = {"payment_method": "pm_card_visa"}
    client.post(f"/orders/{failed.public_id}/pay/", method)
    second = text(client.post(f"/orders/{failed.public_id}/pay/", method, follow=True))
    assert "retrying the payment" in second
    assert "Nothing more is charged" in second
    assert "cannot be retried" not in second
    assert Payment.objects.filter(order=failed).count() == 2


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_failed_payment_can_be_retried(client, failed, headers):
    assert "Retry payment" in text(client.get(f"/orders/{failed.public_id}/"))
    answer = client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": "pm_card_visa"}, follow=True, **headers)
    assert "retrying the payment" in text(answer)
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize("method", ["", "pm_unknown"])
def test_an_unknown_payment_method_is_refused(client, failed, method):
    answer = client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": method}, follow=True)
    assert "choose a payment method" in text(answer)
    assert Order.objects.get().status == "payment_failed"


@pytest.mark.parametrize(
    ("move", "said"), [(orders.mark_paid, "Nothing more is charged"), (orders.cancel_order, "cannot be retried")]
)
def test_an_order_that_is_paid_or_cancelled_cannot_be_paid_again(client, order, move, said):
    move(order=order)
    answer = client.post(f"/orders/{order.public_id}/pay/", {"payment_method": "pm_card_visa"}, follow=True)
    assert said in text(answer)


def test_a_retry_is_refused_when_sold_out(client, failed):
    Product.objects.update(stock=0)
    answer = client.post(f"/orders/{failed.public_id}/pay/", {"payment_method": "pm_card_visa"}, follow=True)
    assert "has sold out" in text(answer)
    assert Order.objects.get().status == "payment_failed"


def test_reordering_adds_what_is_in_stock(client):
    category = CategoryFactory.create()
    lamp = ProductFactory.create(name="Lamp", stock=9, category=category)
    few = ProductFactory.create(name="Few", stock=5, category=category)
    gone = ProductFactory.create(name="Old <b>chair</b>", category=category)
    order = place(lines=[LineWanted(sku=p.sku, quantity=4) for p in (lamp, few, gone)])
    Product.objects.filter(pk=gone.pk).update(is_listed=False)
    client.post("/basket/add/", {"sku": lamp.sku, "quantity": 1})
    page = text(client.post(f"/orders/{order.public_id}/reorder/", follow=True))
    held = {sku: quantity for sku, quantity, _price in GuestBasket.objects.get().lines}
    assert held == {lamp.sku: 5, few.sku: 1}
    assert "5 items are in your basket." in page
    assert "3 items were not added" in page
    assert "No longer sold: Old &lt;b&gt;chair&lt;/b&gt;." in page


def test_reordering_discontinued_products_adds_nothing(client, order):
    Product.objects.update(is_listed=False)
    page = text(client.post(f"/orders/{order.public_id}/reorder/", follow=True))
    assert "No longer sold: Lamp." in page
    assert "Your basket is empty" in page


def test_the_delivery_window_disappears_when_a_step_fails(client, time_machine):
    time_machine.move_to("2026-03-02 10:00+00:00", tick=False)
    order = place(lines=[LineWanted(sku=ProductFactory.create(category=CategoryFactory.create()).sku, quantity=1)])
    assert "Arrives Wed, Mar 4 – Fri, Mar 6" in " ".join(text(client.get(f"/orders/{order.public_id}/")).split())
    OrderEvent.objects.create(
        order=order,
        kind="attempt_failed",
        data=CHARGE | {"attempt": 1, "of": 5, "retry_at": "2026-03-02T14:02:00+00:00"},
    )
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert "Arrives" not in page
    assert "The bank did not answer; retrying at 14:02 UTC (attempt 2 of 5)" in page


def test_a_parcel_shows_its_carrier_and_tracking_number(client, order):
    deliver_due()
    page = text(client.get(f"/orders/{order.public_id}/"))
    assert f"data-tracking>{order.shipment.tracking_number}<" in page
    assert "Swiftpost" in page


@pytest.mark.parametrize("path", ["", "live/", "invoice.pdf"])
def test_order_pages_are_neither_cached_nor_indexed(client, order, path):
    answer = client.get(f"/orders/{order.public_id}/{path}")
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("action", "status"), [("cancel", 405), ("pay", 302), ("reorder", 405)])
def test_a_get_changes_nothing(client, order, action, status):
    assert client.get(f"/orders/{order.public_id}/{action}/").status_code == status


def test_the_country_is_named_in_the_language_of_the_page(client, order):
    Order.objects.update(country="DE")
    assert "Germany" in text(client.get(f"/orders/{order.public_id}/"))
    assert "Deutschland" in text(client.get(f"/orders/{order.public_id}/", HTTP_ACCEPT_LANGUAGE="de"))


def test_the_page_says_why_a_payment_failed_but_not_what_the_bank_keeps_to_itself(client, failed):
    for code, shown in [("insufficient_funds", "insufficient funds"), ("stolen_card", "")]:
        Payment.objects.update(failure_code=code)
        page = text(client.get(f"/orders/{failed.public_id}/"))
        assert "not charged" in page
        assert shown in page
        assert "stolen" not in page
