"""Admin: records can be found, and changed only where services allow it."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from messaging.invariants import audit
from orders.models import Order
from payments.models import GatewayEvent
from shop.catalogue.reviews.services import publish_examples
from shop.models import Product, Review, StockMovement, User
from shop.order_pages.services import cancel
from shop.stock.selectors import newest_movement_id
from tests.delivery import deliver_all, deliver_due
from tests.factories import CategoryFactory, ProductFactory, place
from tests.payments.disputes.disputing import disputed
from tests.payments.outcomes import capture_now
from tests.shop.returns.returned import requested

pytestmark = pytest.mark.django_db(transaction=True)
admin.autodiscover()
OWN = ("shop", "orders", "payments", "shipping")
MODELS = [model for model in admin.site._registry if model._meta.app_label in OWN]
#: The fault board has no page for a record: nothing there can be added, changed or deleted.
RECORDS = [model for model in MODELS if model.__name__ not in {"Product", "Category", "User", "Fault"}]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"), "shop.accounts.authentication.NameOrEmail")
    return client


@pytest.fixture
def history() -> Order:
    CategoryFactory.create()
    refunded = place(city="Nowhere")
    deliver_due()
    capture_now(refunded)
    refunded.refresh_from_db()
    cancel(order=refunded)
    order = place(payment_method="pm_flaky_2", shipping_method="express")
    publish_examples(reviews=[Review(product=Product.objects.earliest("pk"), author="Ada", stars=4, title="Good")])
    deliver_all()
    requested(Order.objects.get(pk=order.pk), pieces=[1])
    disputed(order)
    GatewayEvent.objects.create(event_id="evt_1", kind="payment_intent.succeeded", key=order.payments.get().pk)
    return order


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_every_record_opens(model: Any, staff: Client, history: Order):
    assert staff.get(url(model, "changelist"), {"q": history.number}).status_code == 200
    page = staff.get(url(model, "changelist"))
    assert page.status_code == 200
    for record in model.objects.all()[:3]:
        assert staff.get(url(model, "change", record.pk)).status_code == 200


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_records_are_neither_added_nor_changed_nor_deleted_by_hand(model: Any, staff: Client, history: Order):
    record = model.objects.first()
    assert staff.get(url(model, "add")).status_code == 403
    assert staff.post(url(model, "change", record.pk), {"status": "paid"}).status_code == 403
    assert staff.post(url(model, "delete", record.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("field", ["number", "email", "public_id"])
def test_an_order_is_found_by_its_number_or_email(field: str, staff: Client):
    order, other = place(email="ada@example.com"), place(email="bob@example.com")
    page = staff.get(url(Order, "changelist"), {"q": getattr(order, field)}).content.decode()
    assert order.number in page
    assert other.number not in page


def test_an_order_s_page_shows_lines_timeline_messages_payment_and_parcel(staff: Client, history: Order):
    page = staff.get(url(Order, "change", history.pk)).content.decode()
    for words in ("€12.50", "The bank did not answer", "payments.charge_payment", "pm_flaky_2", "Swiftpost"):
        assert words in page


def test_lists_take_a_bounded_number_of_queries(staff: Client, django_assert_max_num_queries: Any):
    for _ in range(5):
        place()
    deliver_due()
    for app, model in [("orders", "order"), ("payments", "payment"), ("shipping", "shipment"), ("shop", "product")]:
        with django_assert_max_num_queries(9):
            staff.get(reverse(f"admin:{app}_{model}_changelist"))


def restock(staff: Client, pieces: str, *products: Product, **fields: str) -> str:
    data = {"action": "restock", "pieces": pieces, "_selected_action": [product.pk for product in products], **fields}
    return staff.post(url(Product, "changelist"), data, follow=True).content.decode()


def test_received_goods_are_added_to_stock(staff: Client):
    first, second = ProductFactory.create(stock=0), ProductFactory.create(stock=7)
    page = restock(staff, "5", first, second)
    assert "Added 5 pieces each to 2 products." in page
    assert sorted(Product.objects.values_list("stock", flat=True)) == [5, 12]
    assert StockMovement.objects.filter(reference="root", reason="restock").count() == 2
    assert audit() == []


@pytest.mark.parametrize(("second", "text"), [("5", "You submitted this form twice."), ("6", "Nothing was changed.")])
def test_goods_that_a_page_adds_twice_are_added_once(staff: Client, second: str, text: str):
    product = ProductFactory.create(stock=7)
    seen = str(newest_movement_id())
    assert f'name="seen" value="{seen}"' in staff.get(url(Product, "changelist")).text
    restock(staff, "5", product, seen=seen)
    assert text in restock(staff, second, product, seen=seen)
    product.refresh_from_db()
    assert product.stock == 12


@pytest.mark.parametrize("pieces", ["", "0", "-3", "many", "99999999999"])
def test_an_invalid_number_of_pieces_changes_nothing(pieces: str, staff: Client):
    product = ProductFactory.create(stock=7)
    assert "Nothing was changed." in restock(staff, pieces, product)
    product.refresh_from_db()
    assert product.stock == 7


def test_stock_cannot_be_edited_directly(staff: Client):
    product = ProductFactory.create(stock=7)
    fields = {"sku": product.sku, "slug": product.slug, "name": "New name", "price": 100, "currency": "EUR"}
    fields |= {"tax_class": "reduced"}
    no_texts = {"texts-TOTAL_FORMS": 0, "texts-INITIAL_FORMS": 0}
    changes = {"position": 0, "reorder_level": 3, "stock": 99}
    staff.post(url(Product, "change", product.pk), fields | no_texts | changes)
    product.refresh_from_db()
    assert (product.name, product.stock, product.reorder_level) == ("New name", 7, 3)
    assert product.tax_class == "reduced"


def test_hiding_and_publishing_a_review_needs_permission_and_is_logged(staff):
    product = ProductFactory.create()
    publish_examples(reviews=[Review(product=product, author="Ada", stars=1, title="Rude")])
    chosen = {"_selected_action": [Review.objects.get().pk]}
    looks_only = Client()
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_review"))
    looks_only.force_login(clerk, "shop.accounts.authentication.NameOrEmail")
    looks_only.post(url(Review, "changelist"), chosen | {"action": "hide"})
    assert Review.objects.get().is_shown
    staff.post(url(Review, "changelist"), chosen | {"action": "hide"})
    assert not Review.objects.get().is_shown
    staff.post(url(Review, "changelist"), chosen | {"action": "show"})
    assert Review.objects.get().is_shown
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == ["Hidden", "Shown"]
