"""A shop with some of everything, so that requests meet real records."""

import pytest

from messaging.models import Message
from messaging.operations.bulk_retry import services as bulk
from messaging.operations.bulk_retry.selection import Filters, Selection
from messaging.operations.models import FailureGroup
from messaging.operations.permissions import Actor
from orders.models import Order
from payments.gateways.simulated import NAME as SIMULATED
from shipping.models import Shipment
from shop.checkout.services import LineWanted
from shop.models import Category, Product, SavedAddress, User
from tests.delivery import deliver_due
from tests.factories import CategoryFactory, ProductFactory, UserFactory, place
from tests.shop.returns.returned import delivered, requested

#: Values of URL parameters by name; `user` is the account that owns them, `root` a superuser.
Known = dict[str, list[str]]


def shopper() -> User:
    return User.objects.get(username="ada")


def root() -> User:
    return User.objects.get(username="root")


@pytest.fixture
def known() -> Known:
    """Orders in several states, a return, failed tasks, a bulk retry, and what belongs to them."""
    returned = requested(delivered())
    ada = UserFactory.create(username="ada", is_staff=False)
    User.objects.create_superuser("root", "root@example.com", "root")
    lamp = ProductFactory.create(sku="LAMP", slug="lamp", category=CategoryFactory.create(slug="lamps"))
    for method in ("pm_card_visa", "pm_card_declined", "pm_bug"):
        place(lines=[LineWanted(sku=lamp.sku, quantity=1)], payment_method=method, user=ada)
    deliver_due()
    address = SavedAddress.objects.create(user=ada, name="Ada", line1="1 Road", city="Bern", postcode="1", country="CH")
    operation = bulk.preview(selection=Selection.by_filters(Filters()), actor=Actor.system("root"))
    return {
        "sku": [lamp.sku],
        "slug": [lamp.slug, Category.objects.get().slug],
        "public_id": [order.public_id for order in Order.objects.all()],
        "order_id": [str(order.pk) for order in Order.objects.all()],
        "payment_id": [str(pk) for order in Order.objects.all() for pk in order.payments.values_list("pk", flat=True)],
        "return_id": [str(returned.pk)],
        "shipment_id": [str(shipment.pk) for shipment in Shipment.objects.all()],
        "product_id": [str(product.pk) for product in Product.objects.all()],
        "message_id": [str(message.pk) for message in Message.objects.dead()],
        "id_": [str(message.pk) for message in Message.objects.dead()] + [str(operation.pk)],
        "operation_id": [str(operation.pk)],
        "group_id": list(FailureGroup.objects.values_list("pk", flat=True)),
        "fingerprint": list(FailureGroup.objects.values_list("pk", flat=True)),
        "name": ["payments", SIMULATED, "swiftpost"],
        "kind": ["label", "slip"],
        "pk": [str(address.pk)],
        "id": [str(ada.pk)],
    }
