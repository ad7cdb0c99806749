"""How does a basket become an order, and what may be done with the order afterwards?"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError

from messaging.outbox import transaction
from orders import services as orders
from orders.models import IdempotencyKey, Order, Source, new_number
from orders.values import Address, NewLine
from payments.gateways import check_method
from shop.delivery import shipping_price
from shop.errors import KeyReused, OutOfStock, UnknownProduct
from shop.models import Product, ProductQuerySet
from shop.stock import merged, release_stock, restock, retake_stock, take_stock

__all__ = [
    "Address",
    "Idempotency",
    "LineWanted",
    "Placed",
    "cancel",
    "checkout",
    "pay_again",
    "release_stock",
    "restock",
    "retake_stock",
]


@dataclass(frozen=True, slots=True)
class LineWanted:
    """`unit_price`, in minor units, is for imports only: there the price of that day rules."""

    sku: str
    quantity: int
    unit_price: int | None = None

    def __post_init__(self) -> None:
        if self.quantity < 1 or (self.unit_price is not None and self.unit_price < 0):
            raise ValueError("A line wants at least one piece, at a price that is not negative.")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """`key` is what the client chose; `client` tells whose key it is."""

    client: str
    key: str


@dataclass(frozen=True, slots=True)
class Placed:
    """`created` is False for an order that the idempotency key already stood for."""

    order: Order
    created: bool


def checkout(
    *,
    email: str,
    name: str,
    address: Address,
    shipping_method: str,
    payment_method: str,
    lines: Sequence[LineWanted],
    source: str,
    user: AbstractBaseUser | None = None,
    idempotency: Idempotency | None = None,
    currency: str | None = None,
    language: str = "",
) -> Placed:
    """Place an order: take its stock, write it, and tell of it, in one transaction of at most 12 SQL statements.

    `currency` (ISO 4217) and `language` are the shop's unless given. Asks neither the broker nor the gateway.
    Raises `UnknownPaymentMethod`, `UnknownProduct`, `OutOfStock` and `KeyReused`; then nothing was written.
    """
    _check(payment_method, lines)
    request: dict[str, Any] = {
        "email": email,
        "name": name,
        "address": address,
        "shipping_method": shipping_method,
        "payment_method": payment_method,
        "source": source,
        "currency": currency or settings.SHOP_CURRENCY,
    }
    digest = _digest(request | {"address": asdict(address), "lines": [asdict(line) for line in lines]})
    try:
        with transaction():
            order = _place(request | {"language": language}, lines, user)
            _claim_key(idempotency, digest, order)
    except (IntegrityError, OutOfStock, UnknownProduct):
        known = _known_order(idempotency, digest)
        if known is None:
            raise
        return Placed(known, created=False)
    return Placed(order, created=True)


def pay_again(*, order: Order, payment_method: str) -> None:
    """Try another payment method after a failed payment.

    Raises `UnknownPaymentMethod`, `IllegalTransition` unless the payment failed, and `OutOfStock` if the goods were
    sold meanwhile; then nothing was written.
    """
    check_method(payment_method)
    with transaction():
        orders.reopen_order(order=order, payment_method=payment_method)


def cancel(*, order: Order, reason: str = "customer") -> None:
    """Cancel an order that is not on its way yet. Stock is released; what was paid goes back.

    Raises `IllegalTransition` once a parcel is booked, and for an order that is cancelled already.
    """
    with transaction():
        orders.cancel_order(order=order, reason=reason)


def _check(payment_method: str, lines: Sequence[LineWanted]) -> None:
    check_method(payment_method)
    if not lines:
        raise ValueError("An order has at least one line.")


def _place(request: dict[str, Any], lines: Sequence[LineWanted], user: AbstractBaseUser | None) -> Order:
    number, is_import = new_number(), request["source"] == Source.IMPORT
    wanted = merged((line.sku, line.quantity) for line in lines)
    products = take_stock(wanted=wanted, reference=number, products=_for_sale(request))
    return orders.place_order(
        **request,
        user=user,
        number=number,
        shipping_price=0 if is_import else shipping_price(shipping_method=request["shipping_method"]),
        lines=[_line(products[line.sku], line) for line in lines],
    )


def _for_sale(request: dict[str, Any]) -> ProductQuerySet:
    """Imports may name goods that are not listed; their prices come with them, in the import's currency."""
    if request["source"] == Source.IMPORT:
        return Product.objects.all()
    return Product.objects.listed().filter(currency=request["currency"])


def _line(product: Product, line: LineWanted) -> NewLine:
    price = product.price if line.unit_price is None else line.unit_price
    return NewLine(sku=product.sku, name=product.name, unit_price=price, quantity=line.quantity)


def _digest(request: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _claim_key(idempotency: Idempotency | None, digest: str, order: Order) -> None:
    if idempotency is not None:
        IdempotencyKey.objects.create(client=idempotency.client, key=idempotency.key, digest=digest, order=order)


def _known_order(idempotency: Idempotency | None, digest: str) -> Order | None:
    """The order that the key stands for. Raises `KeyReused` if it stands for another request.

    Asked only after a refusal: the key's unique constraint decides, also between two requests at once, and a request
    that comes again must get its order even if that one took the last piece.
    """
    if idempotency is None:
        return None
    known = (
        IdempotencyKey.objects.select_related("order").filter(client=idempotency.client, key=idempotency.key).first()
    )
    if known and known.digest != digest:
        raise KeyReused(key=idempotency.key)
    return known.order if known else None
