"""What a shopper has agreed to: the lines, prices and delivery dates that the checkout page showed.

The page carries their digest. Inside the order's transaction the basket is emptied if it still holds what is ordered,
then the digest is compared, where prices are locked: of two tabs, none orders what the other has changed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from orders.values import NewLine
from shop.checkout.shipping_options import shipping_options


class OrderChanged(Exception):
    """The order is not the one that the shopper has seen. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your basket, a price or a delivery date has changed. "
                "Please check the new total and place your order again."
            )
        )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`shown` is the digest of what the page showed. `take_basket` empties the basket, or returns False."""

    shown: str
    take_basket: Callable[[], bool]

    def begin(self) -> None:
        """Take the basket, or raise `OrderChanged`. Inside the order's transaction, and before any other lock of it.

        Who closes an account locks its basket first too, and a review locks the account before its product.
        """
        if not self.take_basket():
            raise OrderChanged

    def check(self, lines: Iterable[NewLine]) -> None:
        """Raise `OrderChanged` unless these lines were shown, at their prices of now."""
        if digest((line.sku, line.quantity, line.unit_price) for line in lines) != self.shown:
            raise OrderChanged


def digest(lines: Iterable[tuple[str, int, int]]) -> str:
    """Of SKUs, quantities, prices in minor units, and all shipping options of today. 64 hexadecimal digits."""
    options = [
        (option.method, option.price, str(option.window.earliest), str(option.window.latest))
        for option in shipping_options(now=timezone.now())
    ]
    return hashlib.sha256(json.dumps([list(lines), options]).encode()).hexdigest()
