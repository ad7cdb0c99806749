"""Can a person in the office see an order's parcels and mend their way, and what does the shopper read meanwhile?"""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from messaging.models import Message
from orders.models import Order, Status
from shipping.models import Shipment, ShipmentStatus
from shop.models import Product
from shop.order_pages.selectors import order_view
from tests.delivery import deliver, deliver_all, deliver_due, take
from tests.factories import UserFactory, place

pytestmark = pytest.mark.django_db(transaction=True)
LOOK = ("view_order", "view_shipment")
ACT = (*LOOK, "reship_parcel", "correct_address", "take_back_goods", "give_back_payment")
BERN = {"line1": "Hauptstrasse 1", "postcode": "3011", "city": "Bern", "country": "CH"}


def client_with(*permissions: str) -> Client:
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    return client


@pytest.fixture
def operator() -> Client:
    return client_with(*ACT)


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
    deliver(take(task="payments.charge_payment"))
    deliver(take(task="shipping.create_shipment"))
    order.refresh_from_db()
    return order


def shown(order: Order) -> str:
    return " ".join(Client().get(f"/orders/{order.public_id}/").content.decode().split())


def test_the_page_tells_parcels_and_what_the_carrier_told(operator):
    order = ended("Bern")
    page = text(operator, order)
    shipment = Shipment.objects.get()
    for words in (
        shipment.tracking_number, "Swiftpost", "delivered", "€7.30", "The carrier has taken the parcel",
        "Delivered, Bern", f"/admin/shipping/shipment/{shipment.pk}/label.pdf", "Packing slip",
    ):  # fmt: skip
        assert words in page, words
    assert "what now?" not in page


def test_before_a_booking_the_page_tells_who_would_take_it(operator):
    page = text(operator, place(address=_address("DE")))
    assert "No parcel is booked yet." in page
    assert "Swiftpost: €7.30, working days 2 to 4" in page
    assert "Landpost: €4.35, working days 3 to 4" in page


def test_who_may_not_see_parcels_does_not_and_who_may_only_look_is_offered_no_deed():
    order = ended("Returnham")
    assert client_with("view_order").get(url(order)).status_code == 403
    page = text(client_with(*LOOK), order)
    assert "The parcel came back: what now?" in page
    for deed in ("Send another parcel", "Put them back on the shelf", "Give money back"):
        assert deed not in page


@pytest.mark.parametrize("deed", ["reship", "address", "take_back"])
def test_a_deed_without_its_permission_is_forbidden(deed):
    order = ended("Returnham")
    wishes = BERN | {"deed": deed, "shipment": str(Shipment.objects.get().pk)}
    assert client_with(*LOOK).post(url(order), wishes).status_code == 403
    order.refresh_from_db()
    assert order.status == Status.SHIPPED


def test_an_operator_corrects_a_rejected_address(operator):
    order = rejected()
    assert "The address" in text(operator, order)
    answer = operator.post(url(order), BERN | {"deed": "address"}, follow=True)
    assert "The address is corrected" in answer.content.decode()
    deliver_due()
    order.refresh_from_db()
    assert (order.status, order.city) == (Status.SHIPPED, "Bern")


def test_a_correction_that_is_no_address_is_shown_again_with_what_is_wrong(operator):
    order = rejected()
    answer = operator.post(url(order), BERN | {"deed": "address", "postcode": "nonsense"})
    assert "not a valid postcode for Switzerland" in answer.content.decode()
    order.refresh_from_db()
    assert order.city == "Rejectford"


def test_a_correction_that_comes_too_late_says_so(operator):
    order = ended("Bern")
    answer = operator.post(url(order), BERN | {"deed": "address"}, follow=True)
    assert "Nothing was changed" in answer.content.decode()


def test_an_operator_sends_a_lost_parcel_again_to_a_better_address(operator):
    order = ended("Lostville")
    assert "The parcel is lost: what now?" in text(operator, order)
    wishes = BERN | {"deed": "reship", "shipment": str(Shipment.objects.get().pk)}
    assert "Another parcel is being booked." in _sent(operator, order, wishes)
    assert "Somebody has sent another parcel already" in _sent(operator, order, wishes)
    deliver_all()
    order.refresh_from_db()
    assert (order.status, order.shipments.count()) == (Status.DELIVERED, 2)
    page = text(operator, order)
    assert "another one was sent" in page
    assert page.index("delivered") < page.index("another one was sent")


def test_sold_out_goods_are_not_sent_again_and_the_page_says_so(operator):
    order = ended("Lostville")
    Product.objects.update(stock=0)
    wishes = BERN | {"deed": "reship", "shipment": str(Shipment.objects.get().pk)}
    assert "Only 0 of" in _sent(operator, order, wishes)
    assert Shipment.objects.get().current_for == order


def test_returned_goods_are_put_back_and_the_money_s_page_is_one_click_away(operator):
    order = ended("Returnham")
    page = text(operator, order)
    assert f"/admin/payments/payment/{order.payments.get().pk}/give-back/" in page
    before = Product.objects.get().stock
    assert "2 pieces are back on the shelf." in _sent(operator, order, {"deed": "take_back"})
    assert Product.objects.get().stock == before + 2
    lost = ended("Lostville")
    assert "has not come back" in _sent(operator, lost, {"deed": "take_back"})


def test_each_deed_stands_in_the_order_s_history_and_a_refused_one_does_not(operator):
    order, wrong = ended("Returnham"), rejected()
    _sent(operator, order, {"deed": "take_back"})
    _sent(operator, order, BERN | {"deed": "reship", "shipment": str(Shipment.objects.get().pk)})
    _sent(operator, order, BERN | {"deed": "address", "city": "Thun"})
    _sent(operator, wrong, BERN | {"deed": "address"})
    _sent(operator, wrong, {"deed": "take_back"})
    told = [(entry.object_id, entry.change_message) for entry in LogEntry.objects.order_by("pk")]
    assert told == [
        (str(order.pk), "2 pieces are back on the shelf."),
        (str(order.pk), "Another parcel is being booked."),
        (str(order.pk), "The address is corrected, and the parcel is booked anew."),
        (str(wrong.pk), "The address is corrected, and the parcel is booked anew."),
    ]


def test_a_deed_that_nobody_knows_changes_nothing(operator):
    order = ended("Lostville")
    assert operator.post(url(order), {"deed": "burn"}).status_code == 200
    assert Shipment.objects.get().status == ShipmentStatus.LOST


def test_the_list_of_parcels_has_a_place_for_what_waits_for_a_person():
    client = client_with(*LOOK)
    ended("Bern")
    lost = ended("Lostville")
    page = client.get("/admin/shipping/shipment/?waits=yes").content.decode()
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
def test_the_order_page_tells_the_shopper_where_the_parcel_is(city, words):
    page = shown(ended(city))
    for wanted in words:
        assert wanted in page, wanted


def test_the_order_page_tells_of_a_rejected_address_in_plain_words():
    order = rejected()
    page = shown(order)
    assert "The carrier cannot deliver to your address." in page
    assert "The carrier does not accept the address. A person is looking at it" in page
    assert order_view(public_id=order.public_id).needs_operator


def test_the_order_page_tells_of_a_second_parcel(operator):
    order = ended("Lostville")
    operator.post(url(order), BERN | {"deed": "reship", "shipment": str(Shipment.objects.get().pk)})
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


def _sent(client: Client, order: Order, wishes: dict[str, Any]) -> str:
    return client.post(url(order), wishes, follow=True).content.decode()


def _address(country: str) -> Any:
    from orders.values import Address

    return Address(line1="Hauptstrasse 1", city="Town", postcode="10115", country=country)
