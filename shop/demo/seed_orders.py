"""Places the demo orders: some succeed, some need an operator."""

from collections.abc import Iterator
from dataclasses import dataclass

from orders.models import ShippingMethod, Source
from orders.values import Address
from shop.checkout.idempotency import Idempotency, KeyReused
from shop.checkout.services import LineWanted, checkout
from shop.demo.products import PRODUCTS
from shop.models import User
from shop.stock.services import OutOfStock

CLIENT = "demo"


@dataclass(frozen=True, slots=True)
class Sale:
    """`products` are indexes into the demo catalogue; `outcome` describes the expected result."""

    key: str
    name: str
    city: str
    payment_method: str
    products: tuple[int, ...]
    outcome: str
    shipping_method: str = ShippingMethod.STANDARD
    by_shopper: bool = False


SALES = (
    Sale("good-1", "Ada Byrne", "Dublin", "pm_card_visa", (0, 7), "succeeds"),
    Sale(
        "good-2", "Shopper", "Berlin", "pm_card_visa", (3,), "succeeds, express shipping", ShippingMethod.EXPRESS, True
    ),
    Sale("flaky", "Mateo Ruiz", "Sevilla", "pm_flaky_2", (5, 9), "charged on the third attempt"),
    Sale("carrier", "Ines Duarte", "Flakytown", "pm_card_visa", (2,), "parcel booked on the third attempt"),
    Sale("declined", "Shopper", "Berlin", "pm_card_declined", (8,), "card declined", by_shopper=True),
    Sale("bug", "Tove Lind", "Malmö", "pm_bug", (4, 1), "fails because of a bug; cure it with `demo fix-bug`"),
    Sale("outage", "Jan Kowalski", "Kraków", "pm_outage", (6,), "fails: no answer until `demo end-outage`"),
    Sale(
        "nowhere",
        "Lea Moreau",
        "Nowhere",
        "pm_card_visa",
        (10,),
        "paid, but no carrier answers until `demo end-outage`",
    ),
    Sale(
        "rejected",
        "Noor Haddad",
        "Rejectford",
        "pm_card_visa",
        (7,),
        "paid, but the carrier rejects the address",
    ),
    Sale("lost", "Emil Novak", "Lostville", "pm_card_visa", (3,), "shipped, then lost in transit"),
    Sale("returned", "Rosa Bianchi", "Returnham", "pm_card_visa", (8,), "shipped, then returned to sender"),
)
_COUNTRIES = {"Dublin": "IE", "Berlin": "DE", "Sevilla": "ES", "Malmö": "SE", "Kraków": "PL"}


def place_orders() -> Iterator[tuple[Sale, bool]]:
    """Place missing orders. Yields each sale and whether it was placed by this call."""
    shopper = User.objects.filter(username="shopper").first()
    for sale in SALES:
        yield sale, _place(sale, shopper)


def _place(sale: Sale, shopper: User | None) -> bool:
    try:
        placed = checkout(
            email="shopper@conveyor.example" if sale.by_shopper else f"{sale.key}@conveyor.example",
            name=sale.name,
            address=Address("1 Demo Street", sale.city, "10001", _COUNTRIES.get(sale.city, "DE")),
            shipping_method=sale.shipping_method,
            payment_method=sale.payment_method,
            lines=[LineWanted(sku=PRODUCTS[place].sku, quantity=1) for place in sale.products],
            source=Source.WEB,
            user=shopper if sale.by_shopper else None,
            idempotency=Idempotency(client=CLIENT, key=sale.key, expires=False),
        )
    except (KeyReused, OutOfStock):  # placed by an older release, or sold out
        return False
    return placed.created
