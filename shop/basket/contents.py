"""Contents of a basket at today's prices and stock, with what changed since each product was chosen."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import money
from shop.basket.stores import BasketItem
from shop.models import Product


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


def basket_line(product: Product, item: BasketItem) -> BasketLine:
    return BasketLine(
        product=product,
        quantity=item.quantity,
        price_note=_price_note(product, item),
        stock_note=_stock_note(product, item),
    )


def _price_note(product: Product, item: BasketItem) -> str:
    if item.price is None or item.price == product.price:
        return ""
    old, new = (money.display(amount, product.currency) for amount in (item.price, product.price))
    return _("The price changed from %(old)s to %(new)s since you chose this.") % {"old": old, "new": new}


def _stock_note(product: Product, item: BasketItem) -> str:
    if product.stock <= 0:
        return _("Sold out since you chose this. Please remove it to go on.")
    if product.stock >= item.quantity:
        return ""
    return ngettext(
        "Only %(left)d is left. Please change the quantity to go on.",
        "Only %(left)d are left. Please change the quantity to go on.",
        product.stock,
    ) % {"left": product.stock}
