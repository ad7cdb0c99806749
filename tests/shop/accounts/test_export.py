"""The download of a shopper's data is whole: every table that refers to the account or its orders."""

import json
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from orders.models import Order
from orders.services.operators import Trusted
from payments.models import Payment
from payments.services import refund_order
from shipping.models import ParcelEvent
from shop.accounts.addresses import add_address
from shop.accounts.export import personal_data
from shop.models import Review, User
from tests.delivery import deliver_all
from tests.factories import ADDRESS, ProductFactory, UserFactory, place

pytestmark = pytest.mark.django_db(transaction=True)

#: Tables with a foreign key to an account or an order, and the part of the export that has their rows.
EXPORTED = {
    "knox.AuthToken": "api_tokens",
    "orders.AmountLine": "amounts",
    "orders.Order": "orders",
    "orders.OrderEvent": "events",
    "orders.OrderLine": "lines",
    "payments.Payment": "payments",
    "shipping.Shipment": "shipments",
    "shop.CreditNote": "credit_notes",
    "shop.Invoice": "invoices",
    "shop.Return": "returns",
    "shop.Review": "reviews",
    "shop.SavedAddress": "addresses",
    "shop.SavedBasket": "basket",
}
#: Those that hold nothing else about a shopper.
OTHERS = {
    "admin.LogEntry": "of staff",
    "shop.Erasure": "of a closed account, which nobody can sign in to",
    "orders.EmailDelivery": "when an e-mail was sent, which the shopper has",
    "orders.IdempotencyKey": "a random key",
    "shop.EarlierInvoice": "files with the order's data",
    "shop.User_groups": "of staff",
    "shop.User_user_permissions": "of staff",
}


@pytest.fixture
def ada(client: Client) -> User:
    ada: User = UserFactory.create(username="ada", email="ada@example.com", new_email="king@example.com")
    client.force_login(ada, backend="shop.accounts.authentication.NameOrEmail")
    return ada


def ordered(ada: User) -> Order:
    order = place(user=ada)
    deliver_all()
    order.refresh_from_db()
    refund_order(order=order, amount=100, reason="scratch", by=Trusted("ann"), request_id=uuid.uuid4())
    deliver_all()
    return order


def download(client: Client) -> Any:
    answer = client.get("/account/data.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.json()


def test_account_addresses_and_basket(client, ada):
    add_address(user=ada, name="Ada", address=ADDRESS)
    sku = ProductFactory.create().sku
    client.post("/basket/add/", {"sku": sku, "quantity": 1})
    exported = download(client)
    assert exported == json.loads(personal_data(user=User.objects.get()))
    assert exported["account"]["email"] == "ada@example.com"
    assert exported["account"]["new_email"] == "king@example.com"
    assert exported["addresses"][0]["line1"] == ADDRESS.line1
    assert exported["basket"] == [[sku, 1]]


def test_orders_with_their_payments_refunds_and_parcels(client, ada):
    order = ordered(ada)
    ParcelEvent.objects.filter(shipment__order=order).update(text="Left with Mr King, number 12")
    [exported] = download(client)["orders"]
    assert exported["number"] == order.number
    assert [line["sku"] for line in exported["lines"]] == [order.lines.get().sku]
    [payment] = exported["payments"]
    assert payment["gateway_reference"] == Payment.objects.get().gateway_reference
    assert (payment["method"], payment["amount"], payment["status"]) == ("pm_card_visa", order.total, "captured")
    assert [(refund["amount"], refund["status"]) for refund in payment["refunds"]] == [(100, "done")]
    [invoice], [note] = exported["invoices"], exported["credit_notes"]
    assert invoice["number"] == order.invoices.get().number
    assert invoice["data"]["buyer"][0] == "Ada Lovelace"
    assert note["total"] == 100
    assert "section 147" in note["kept_by"]
    assert note["kept_until"] == str(order.credit_notes.get().kept_until)
    [shipment] = exported["shipments"]
    assert shipment["tracking_number"] == order.shipment.tracking_number
    assert {event["text"] for event in shipment["events"]} == {"Left with Mr King, number 12"}


def test_a_download_holds_few_orders_at_a_time(ada, monkeypatch):
    """Ten thousand at once took half a gigabyte, and eight shoppers two gigabytes of each process."""
    monkeypatch.setattr("shop.accounts.export._CHUNK", 10, raising=False)
    template = ordered(ada)
    for number in range(24):
        copied(template, number=f"CV-{number}")
    with CaptureQueriesContext(connection) as statements:
        exported = json.loads(personal_data(user=ada))
    assert len(exported["orders"]) == 25
    assert all(len(order["lines"]) == 1 and order["events"] for order in exported["orders"])
    assert len([query for query in statements if 'FROM "orders_orderline"' in query["sql"]]) == 3


def copied(order: Order, *, number: str) -> None:
    copy, lines, events = Order.objects.get(pk=order.pk), order.lines.all(), order.events.all()
    copy.pk, copy.number, copy.public_id = None, number, number
    copy.save(force_insert=True)
    for line in lines:
        line.pk, line.order = None, copy
        line.save(force_insert=True)
    for event in events:
        event.pk, event.order = None, copy
        event.save(force_insert=True)


@pytest.mark.parametrize(
    ("code", "shown"),
    [("", ""), ("insufficient_funds", "insufficient_funds"), ("stolen_card", "other"), ("fraudulent", "other")],
)
def test_a_bank_s_suspicion_stays_with_staff(client, ada, code, shown):
    ordered(ada)
    Payment.objects.update(failure_code=code)
    [order] = download(client)["orders"]
    assert order["payments"][0]["failure_code"] == shown


def test_reviews_tokens_and_sign_ins(client, ada):
    product = ProductFactory.create()
    Review.objects.create(product=product, user=ada, stars=4, title="Good", text="I love it.", is_shown=False)
    AuthToken.objects.create(ada)
    Client().post("/account/login/", {"username": "ADA@example.com", "password": "wrong"})
    exported = download(client)
    assert [(review["sku"], review["text"]) for review in exported["reviews"]] == [(product.sku, "I love it.")]
    assert len(exported["api_tokens"]) == 1
    assert exported["failed_sign_ins"][0]["ip_address"] == "127.0.0.1"


def test_nothing_of_others(client, ada):
    other = UserFactory.create(username="bob", email="")
    ordered(other)
    Review.objects.create(product=ProductFactory.create(), user=other, stars=4, title="Good")
    AuthToken.objects.create(other)
    Client().post("/account/login/", {"username": "bob", "password": "wrong"})
    Client().post("/account/login/", {"username": "", "password": "wrong"})
    exported = download(client)
    assert {name for name, rows in exported.items() if rows} == {"account", "sign_ins"}
    assert len(exported["sign_ins"]) == 1


def test_every_table_about_shoppers_is_known():
    referring = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if (field.many_to_one or field.one_to_one) and not field.auto_created and field.related_model in {User, Order}
    }
    assert referring - {*EXPORTED, *OTHERS} == set()
