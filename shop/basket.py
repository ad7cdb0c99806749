"""What does a shopper want to buy, and what has changed about it since it was chosen?"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import money
from shop import catalogue
from shop.models import Product

MAX_QUANTITY = 99
MAX_LINES = 100

_WANTED = "basket"
_SEEN = "basket_prices"


@dataclass(frozen=True, slots=True)
class BasketLine:
    """`total` is in minor units. `price_note` and `stock_note` say what changed; an empty one means nothing did."""

    product: Product
    quantity: int
    price_note: str
    stock_note: str

    @property
    def total(self) -> int:
        return self.product.price * self.quantity


@dataclass(frozen=True, slots=True)
class Contents:
    """A basket with today's prices and stock. `gone` counts products that are not sold any more."""

    lines: list[BasketLine]
    gone: int

    @property
    def subtotal(self) -> int:
        """Minor units of `currency`."""
        return sum(line.total for line in self.lines)

    @property
    def currency(self) -> str:
        return self.lines[0].product.currency if self.lines else settings.SHOP_CURRENCY

    @property
    def can_check_out(self) -> bool:
        return bool(self.lines) and not any(line.stock_note for line in self.lines)


class Basket:
    """The basket in a session: sku and quantity, and beside it the price at which each was chosen."""

    def __init__(self, session: SessionBase) -> None:
        self._session = session

    @property
    def quantities(self) -> dict[str, int]:
        return dict(self._session.get(_WANTED, {}))

    @property
    def count(self) -> int:
        return sum(self.quantities.values())

    def put(self, *, product: Product, quantity: int) -> int:
        """Make the line hold `quantity`, or as many as there are; the quantity that it holds now is returned."""
        wanted, seen = self.quantities, dict(self._session.get(_SEEN, {}))
        held = max(0, min(quantity, product.stock, MAX_QUANTITY))
        if held and (product.sku in wanted or len(wanted) < MAX_LINES):
            wanted[product.sku], seen[product.sku] = held, product.price
        else:
            wanted.pop(product.sku, None)
            seen.pop(product.sku, None)
        self._session[_WANTED], self._session[_SEEN] = wanted, seen
        return wanted.get(product.sku, 0)

    def remove(self, *, sku: str) -> None:
        for key in (_WANTED, _SEEN):
            self._session[key] = {kept: value for kept, value in self._session.get(key, {}).items() if kept != sku}

    def clear(self) -> None:
        self._session.pop(_WANTED, None)
        self._session.pop(_SEEN, None)

    def contents(self) -> Contents:
        """One statement. Products that are not sold any more leave the basket here."""
        wanted = self.quantities
        if not wanted:
            return Contents(lines=[], gone=0)
        found = catalogue.by_sku(skus=wanted)
        gone = [sku for sku in wanted if sku not in found]
        for sku in gone:
            self.remove(sku=sku)
        seen = self._session.get(_SEEN, {})
        lines = [_line(found[sku], quantity, seen.get(sku)) for sku, quantity in wanted.items() if sku in found]
        return Contents(lines=lines, gone=len(gone))


def _line(product: Product, quantity: int, seen: int | None) -> BasketLine:
    price_note = stock_note = ""
    if seen is not None and seen != product.price:
        old, new = (money.display(amount, product.currency) for amount in (seen, product.price))
        price_note = _("The price changed from %(old)s to %(new)s since you chose this.") % {"old": old, "new": new}
    if product.stock <= 0:
        stock_note = _("Sold out since you chose this. Please remove it to go on.")
    elif product.stock < quantity:
        stock_note = ngettext(
            "Only %(left)d is left. Please change the quantity to go on.",
            "Only %(left)d are left. Please change the quantity to go on.",
            product.stock,
        ) % {"left": product.stock}
    return BasketLine(product=product, quantity=quantity, price_note=price_note, stock_note=stock_note)
