"""Orders with a delivery problem, and the operators who act on them."""

from dataclasses import dataclass, field

from django.db.models import Sum

from messaging.models import State
from orders.models import Order
from orders.values import Address
from shipping.delivery_problems import CORRECT_ADDRESS, RESHIP_PARCEL
from shipping.models import Shipment
from shop.checkout.services import LineWanted
from shop.models import Product, StockMovement
from shop.office.parcels.services import RESTOCK_RETURNED
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import place
from tests.shipping.orders import CHARGE, CREATE

BERN = Address(line1="Hauptstrasse 1", city="Bern", postcode="3011", country="CH")


@dataclass
class Person:
    """A user without a database row."""

    permissions: set[str] = field(default_factory=lambda: {RESHIP_PARCEL, CORRECT_ADDRESS, RESTOCK_RETURNED})

    def has_perm(self, perm: str) -> bool:
        return perm in self.permissions

    def get_username(self) -> str:
        return "olga"


OLGA = Person()
NOBODY = Person(set())


def delivered_or_stranded(city: str) -> tuple[Order, Shipment]:
    order = place(city=city)
    deliver_all()
    order.refresh_from_db()
    return order, Shipment.objects.get(order=order)


def rejected() -> Order:
    order = place(city="Rejectford")
    deliver(claim_task(task=CHARGE))
    assert deliver(claim_task(task=CREATE)) == State.DEAD
    order.refresh_from_db()
    return order


def stock() -> int:
    product = Product.objects.get()
    moved = StockMovement.objects.filter(product=product).aggregate(n=Sum("quantity"))["n"]
    assert product.stock == moved
    return product.stock


def line_of(order: Order, *, quantity: int) -> LineWanted:
    return LineWanted(sku=order.lines.get().sku, quantity=quantity)
