"""Parcels page: address correction, replacement, restocking, and what the order page shows meanwhile."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from messaging.models import Message, State
from orders.models import Order, Status
from shipping.models import Shipment, ShipmentStatus
from shop.models import Product
from shop.order_pages.selectors import order_view
from tests.delivery import claim_task, deliver, deliver_all, deliver_due
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
VIEW = ("view_order", "view_shipment")
ALL = (*VIEW, "reship_parcel", "correct_address", "restock_returned_goods", "refund_payment")
BERN = {"line1": "Hauptstrasse 1", "postcode": "3011", "city": "Bern", "country": "CH"}


@pytest.fixture
def operator() -> Client:
    return client_with(*ALL)


def url(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/parcels/"


def text(client: Client, order: Order) -> str:
    return " ".join(client.get(url(order)).content.decode().split())


def ended(city: str) -> Order:
    order = place(city=city)
    deliver_all()
    order.refresh_from_db()
    return order


def rejected() -> Order:
    order = place(city="Rejectford")
    deliver(claim_task(task="payments.charge_payment"))
    deliver(claim_task(task="shipping.create_shipment"))
    order.refresh_from_db()
    return order


def shown(order: Order) -> str:
    return " ".join(Client().get(f"/orders/{order.public_id}/").content.decode().split())


def test_the_page_shows_parcels_and_tracking_events(operator):
    order = ended("Bern")
    page = text(operator, order)
    shipment = Shipment.objects.get()
    for words in (
        shipment.tracking_number, "Swiftpost", "delivered", "€7.30", "Accepted by the carrier",
        "Delivered, Bern", f"/admin/shipping/shipment/{shipment.pk}/label.pdf", "Packing slip",
    ):  # fmt: skip
        assert words in page, words
    assert "choose what to do" not in page


def test_before_a_booking_the_page_shows_carrier_quotes(operator):
    page = text(operator, place(address=_address("DE")))
    assert "No parcel booked yet." in page
    assert "Swiftpost: €7.30, 2 to 4 working days" in page
    assert "Landpost: €4.35, 3 to 4 working days" in page


def test_viewing_needs_permission_and_viewers_are_offered_no_actions():
    order = ended("Returnham")
    assert client_with("view_order").get(url(order)).status_code == 403
    page = text(client_with(*VIEW), order)
    assert "Parcel returned: choose what to do" in page
    for action in ("Send replacement parcel", "Return items to stock", "Refund…"):
        assert action not in page


@pytest.mark.parametrize("action", ["reship", "address", "restock_returned"])
def test_an_action_without_its_permission_is_forbidden(action):
    order = ended("Returnham")
    data = BERN | {"action": action, "shipment": str(Shipment.objects.get().pk)}
    assert client_with(*VIEW).post(url(order), data).status_code == 403
    order.refresh_from_db()
    assert order.status == Status.SHIPPED


def test_an_operator_corrects_a_rejected_address(operator):
    order = rejected()
    assert "Delivery address" in text(operator, order)
    answer = operator.post(url(order), BERN | {"action": "address"}, follow=True)
    assert "Address corrected" in answer.content.decode()
    deliver_due()
    order.refresh_from_db()
    assert (order.status, order.city) == (Status.SHIPPED, "Bern")


def test_the_page_says_that_the_address_was_rejected_if_it_was(operator):
    words = "The carrier rejected this address; no parcel is booked."
    assert words in text(operator, rejected())
    waiting = place(address=_address("DE"))
    deliver(claim_task(task="payments.charge_payment"))
    assert "Delivery address" in text(operator, waiting)
    assert words not in text(operator, waiting)


def test_an_address_submitted_unchanged_is_refused_and_nothing_is_retried(operator):
    order = rejected()
    same = {"line1": order.line1, "postcode": order.postcode, "city": order.city, "country": order.country}
    answer = operator.post(url(order), same | {"action": "address"}, follow=True).content.decode()
    assert "The order has this address already. Nothing was changed." in answer
    assert "Address corrected" not in answer
    assert Message.objects.get(task="shipping.create_shipment", subject=order.number).state == State.DEAD
    assert not LogEntry.objects.exists()


def test_an_invalid_address_is_shown_again_with_its_errors(operator):
    order = rejected()
    answer = operator.post(url(order), BERN | {"action": "address", "postcode": "nonsense"})
    assert "not a valid postcode for Switzerland" in answer.content.decode()
    order.refresh_from_db()
    assert order.city == "Rejectford"


def test_a_correction_after_booking_is_rejected_with_a_message(operator):
    order = ended("Bern")
    answer = operator.post(url(order), BERN | {"action": "address"}, follow=True)
    assert "Nothing was changed" in answer.content.decode()


def test_an_operator_sends_a_lost_parcel_again_to_a_better_address(operator):
    order = ended("Lostville")
    assert "Parcel lost: choose what to do" in text(operator, order)
    data = BERN | {"action": "reship", "shipment": str(Shipment.objects.get().pk)}
    assert "A replacement parcel is being booked." in _sent(operator, order, data)
    assert "A replacement parcel has already been sent" in _sent(operator, order, data)
    deliver_all()
    order.refresh_from_db()
    assert (order.status, order.shipments.count()) == (Status.DELIVERED, 2)
    page = text(operator, order)
    assert "(replaced)" in page
    assert page.index("delivered") < page.index("(replaced)")


def test_sold_out_items_are_not_sent_again_and_the_page_explains_why(operator):
    order = ended("Lostville")
    Product.objects.update(stock=0)
    data = BERN | {"action": "reship", "shipment": str(Shipment.objects.get().pk)}
    assert "Only 0 of" in _sent(operator, order, data)
    assert Shipment.objects.get().current_for == order


def test_returned_items_are_restocked_and_the_refund_page_is_linked(operator):
    order = ended("Returnham")
    page = text(operator, order)
    assert f"/admin/payments/payment/{order.payments.get().pk}/refund/" in page
    before = Product.objects.get().stock
    assert 'value="restock_returned"' in page
    assert "Restocked at" not in page
    restocked = _sent(operator, order, {"action": "restock_returned"})
    assert "2 pieces returned to stock." in restocked
    assert "<dt>Restocked at</dt>" in restocked
    assert 'value="restock_returned"' not in restocked
    again = _sent(operator, order, {"action": "restock_returned"})
    assert "The items were returned to stock before." in again
    assert "0 pieces" not in again
    assert Product.objects.get().stock == before + 2
    lost = ended("Lostville")
    assert "has not been returned" in _sent(operator, lost, {"action": "restock_returned"})


def test_actions_are_logged_in_the_order_s_history_and_rejected_ones_are_not(operator):
    order, wrong = ended("Returnham"), rejected()
    _sent(operator, order, {"action": "restock_returned"})
    _sent(operator, order, {"action": "restock_returned"})
    _sent(operator, order, BERN | {"action": "reship", "shipment": str(Shipment.objects.get().pk)})
    _sent(operator, order, BERN | {"action": "address", "city": "Thun"})
    _sent(operator, wrong, BERN | {"action": "address"})
    _sent(operator, wrong, {"action": "restock_returned"})
    logged = [(entry.object_id, entry.change_message) for entry in LogEntry.objects.order_by("pk")]
    assert logged == [
        (str(order.pk), "2 pieces returned to stock."),
        (str(order.pk), "A replacement parcel is being booked."),
        (str(order.pk), "Address corrected. The parcel is being booked again."),
        (str(wrong.pk), "Address corrected. The parcel is being booked again."),
    ]


def test_an_unknown_action_changes_nothing(operator):
    order = ended("Lostville")
    assert operator.post(url(order), {"action": "burn"}).status_code == 200
    assert Shipment.objects.get().status == ShipmentStatus.LOST


@pytest.mark.parametrize(("city", "words"), [("Lostville", "Parcel lost"), ("Returnham", "Parcel returned")])
def test_the_page_of_a_lost_or_returned_parcel_links_to_what_can_be_done(operator, city, words):
    order, other = ended(city), ended("Bern")
    page = lambda client, order: client.get(f"/admin/shipping/shipment/{order.shipment.pk}/change/").content.decode()  # noqa: E731
    link = page(operator, order).split(f'href="{url(order)}"')[1].split("</a>")[0]
    assert f"{words}: choose what to do" in link
    assert "choose what to do" not in page(operator, other)
    assert "choose what to do" not in page(client_with("view_shipment"), order)
    Order.objects.filter(pk=order.pk).update(status=Status.REFUNDED)
    assert "choose what to do" not in page(operator, order)


def test_the_shipment_list_filters_parcels_that_need_attention():
    client = client_with(*VIEW)
    ended("Bern")
    lost = ended("Lostville")
    page = client.get("/admin/shipping/shipment/?needs_attention=yes").content.decode()
    assert lost.shipment.tracking_number in page
    assert "1 shipment" in page


@pytest.mark.parametrize(
    ("city", "words"),
    [
        ("Lostville", ("The carrier has lost your parcel.", "another parcel or refund you", 'data-step="lost"')),
        ("Returnham", ("Your parcel was returned to us.", "another parcel or refund you", 'data-step="returned"')),
        ("Bern", ("Delivered. Enjoy!", 'data-step="accepted"', "Delivered, Bern")),
    ],
)
def test_the_order_page_shows_where_the_parcel_is(city, words):
    page = shown(ended(city))
    for wanted in words:
        assert wanted in page, wanted


def test_the_order_page_explains_a_rejected_address():
    order = rejected()
    page = shown(order)
    assert "The carrier cannot deliver to your address." in page
    assert "The carrier rejected the address. Our team is looking into it" in page
    assert order_view(public_id=order.public_id).needs_operator


def test_the_order_page_mentions_a_replacement_parcel(operator):
    order = ended("Lostville")
    operator.post(url(order), BERN | {"action": "reship", "shipment": str(Shipment.objects.get().pk)})
    page = shown(order)
    assert "We are packing a new parcel for you." in page
    assert "We are sending another parcel" in page
    assert order_view(public_id=order.public_id).shipment is None


def test_a_real_carrier_s_page_is_linked_outside_of_the_demo(settings):
    order = ended("Bern")
    number = Shipment.objects.get().tracking_number
    assert f'href="https://swiftpost.example/{number}"' not in shown(order)
    settings.CONVEYOR_DEMO = False
    assert f'href="https://swiftpost.example/{number}"' in shown(order)


def test_no_promise_is_made_for_a_parcel_that_is_late_or_lost():
    order = ended("Lostville")
    assert order_view(public_id=order.public_id).estimate is None
    assert not Message.objects.filter(task="shipping.track_shipment").live().exists()


def _sent(client: Client, order: Order, data: dict[str, Any]) -> str:
    return client.post(url(order), data, follow=True).content.decode()


def _address(country: str) -> Any:
    from orders.values import Address

    return Address(line1="Hauptstrasse 1", city="Town", postcode="10115", country=country)


def test_a_rejected_address_is_corrected_from_the_failed_task():
    order = rejected()
    desk = client_with(*ALL, "view_failedtask", "retry_message")
    message = Message.objects.get(subject=order.number, state="dead")
    page = desk.get(f"/admin/operations/failedtask/{message.pk}/change/").content.decode()
    link = f'href="{url(order)}#parcels-address">Correct address</a>'
    assert page.index(link) < page.index("Retry task</button>")
    assert link in desk.get("/admin/operations/failedtask/").content.decode()
    assert 'id="parcels-address"' in desk.get(url(order)).content.decode()
    desk.post(url(order), {"action": "address", **BERN})
    message.refresh_from_db()
    assert message.state == "pending"


def test_the_correction_is_not_offered_once_the_order_has_changed():
    order = rejected()
    Order.objects.filter(pk=order.pk).update(status=Status.REFUNDED)
    message = Message.objects.get(subject=order.number, state="dead")
    page = client_with(*ALL, "view_failedtask", "retry_message").get(
        f"/admin/operations/failedtask/{message.pk}/change/"
    )
    assert "Its subject has changed since" in page.content.decode()
    assert "Correct address" not in page.content.decode()
