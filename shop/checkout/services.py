"""Checkout: turns a basket into an order in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError
from django.utils import timezone, translation

from messaging.outbox import transaction
from orders.models import Order, Source, new_number
from orders.placing.amounts import total_of
from orders.placing.services import NewOrder, place_order
from orders.values import Address, NewLine
from payments.gateways import AmountRefused, UnknownPaymentMethod, check_amount, check_method
from shop.accounts.services import lock_account
from shop.checkout import idempotency as keys
from shop.checkout.confirmation import Confirmation, OrderChanged
from shop.checkout.idempotency import Idempotency
from shop.checkout.shipping_options import shipping_price
from shop.models import Product, ProductQuerySet
from shop.stock.services import OutOfStock, UnknownProduct, merged, take_stock
from shop.tax.selectors import line_rates, tax_day, taxed


@dataclass(frozen=True, slots=True)
class LineWanted:
    """`unit_price`, in minor units, is for imports only: they keep the price at the time of sale."""

    sku: str
    quantity: int
    unit_price: int | None = None

    def __post_init__(self) -> None:
        if self.quantity < 1 or (self.unit_price is not None and self.unit_price < 0):
            raise ValueError("A line needs a quantity of at least 1 and a price that is not negative.")


@dataclass(frozen=True, slots=True)
class Placed:
    """`new` is None if the idempotency key had already placed this order."""

    order: Order
    new: NewOrder | None = None

    @property
    def created(self) -> bool:
        return self.new is not None


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
    confirmation: Confirmation | None = None,
    currency: str | None = None,
    language: str = "",
    sold_at: datetime | None = None,
) -> Placed:
    """Place an order in one transaction of at most 12 SQL statements, which calls neither broker nor gateway.

    `currency` (ISO 4217) and `language` default to the shop's. VAT is that of today, or of an import's `sold_at`.
    Raises `UnknownPaymentMethod`, `UnknownProduct`, `OutOfStock`, `AmountRefused`, `OrderChanged`, `KeyReused`, and
    `User.DoesNotExist` for an account that is closed meanwhile: nothing is written then.
    """
    request: dict[str, Any] = {"email": email, "name": name, "address": address, "source": source}
    request |= {"shipping_method": shipping_method, "payment_method": payment_method}
    request |= {"currency": currency or settings.SHOP_CURRENCY}
    digest = _digest(request, lines, request["currency"])
    try:
        check_method(payment_method)
        with transaction():
            new = _place(request | {"language": language}, lines, user, confirmation, sold_at)
            keys.claim_key(idempotency, digest=digest, order=new.order)
    except (IntegrityError, OutOfStock, UnknownProduct, UnknownPaymentMethod, AmountRefused, OrderChanged):
        digest_in = partial(_digest, request, lines)
        if (known := keys.known_order(idempotency, currency=currency, digest_in=digest_in)) is None:
            raise
        return Placed(known)
    return Placed(new.order, new)


def _digest(request: dict[str, Any], lines: Sequence[LineWanted], currency: str) -> str:
    """By it, a repeated request is known."""
    if not lines:
        raise ValueError("An order needs at least one line.")
    values = {"currency": currency, "address": request["address"].filled(), "lines": [asdict(line) for line in lines]}
    return keys.digest(request | values)


def _place(
    request: dict[str, Any],
    lines: Sequence[LineWanted],
    user: AbstractBaseUser | None,
    confirmation: Confirmation | None,
    sold_at: datetime | None,
) -> NewOrder:
    number, is_import, now = new_number(), request["source"] == Source.IMPORT, timezone.now()
    wanted = merged((line.sku, line.quantity) for line in lines)
    if confirmation is not None:
        confirmation.begin()
    elif user is not None:
        lock_account(user_id=user.pk)  # closing an account deletes its basket, by which a confirmation knows
    products = take_stock(wanted=wanted, reference=number, products=_for_sale(request))
    rates = line_rates(
        tax_classes=[products[line.sku].tax_class for line in lines],
        country=request["address"].country,
        postcode=request["address"].postcode,
        on=tax_day(sold_at or now),
    )
    priced = [_line(products[line.sku], line, rate) for line, rate in zip(lines, rates, strict=True)]
    if confirmation is not None:
        confirmation.check(priced)
    delivery = 0 if is_import else shipping_price(shipping_method=request["shipping_method"])
    goods = [(line.tax_rate, line.unit_price * line.quantity) for line in priced]
    amounts = taxed(goods=goods, delivery=delivery)
    check_amount(total_of(amounts), request["currency"])
    return place_order(
        **request,
        user=user,
        number=number,
        lines=priced,
        amounts=amounts,
        placed_at=now,
    )


def _for_sale(request: dict[str, Any]) -> ProductQuerySet:
    """Named in the order's language. Imports may have unlisted products; they bring their own prices and currency."""
    with translation.override(request["language"] or settings.LANGUAGE_CODE):
        products = Product.objects.in_active_language()
    if request["source"] == Source.IMPORT:
        return products
    return products.listed().filter(currency=request["currency"])


def _line(product: Product, line: LineWanted, tax_rate: int | None) -> NewLine:
    price = product.price if line.unit_price is None else line.unit_price
    return NewLine(sku=product.sku, name=product.name, unit_price=price, quantity=line.quantity, tax_rate=tax_rate)
