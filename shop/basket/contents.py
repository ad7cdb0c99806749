"""Contents of a basket at current prices and stock, with changes since each product was added."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import money
from shop.basket.stores import BasketItem
from shop.models import Product


@dataclass(frozen=True, slots=True)
class BasketLine:
    """`total` is in minor units. `price_note` and `stock_note` describe a change, and are empty if there is none."""

    product: Product
    item: BasketItem
    price_note: str
    stock_note: str

    @property
    def quantity(self) -> int:
        return self.item.quantity

    @property
    def total(self) -> int:
        return self.product.price * self.quantity


@dataclass(frozen=True, slots=True)
class Contents:
    """A basket at current prices and stock. `gone` counts products that are no longer sold."""

    lines: list[BasketLine]
    gone: int

    @property
    def subtotal(self) -> int:
        """Minor units of `currency`."""
        return sum(line.total for line in self.lines)

    @property
    def by_tax_class(self) -> list[tuple[str, int]]:
        """Tax classes and gross amounts, as `shop.tax.selectors.amounts_of` takes them."""
        return [(line.product.tax_class, line.total) for line in self.lines]

    @property
    def currency(self) -> str:
        return self.lines[0].product.currency if self.lines else settings.SHOP_CURRENCY

    @property
    def can_check_out(self) -> bool:
        return bool(self.lines) and not any(line.stock_note for line in self.lines)


def basket_line(product: Product, item: BasketItem) -> BasketLine:
    return BasketLine(
        product=product,
        item=item,
        price_note=_price_note(product, item),
        stock_note=_stock_note(product, item),
    )


def _price_note(product: Product, item: BasketItem) -> str:
    if item.price is None or item.price == product.price:
        return ""
    old, new = (money.display(amount, product.currency) for amount in (item.price, product.price))
    return _("The price changed from %(old)s to %(new)s since you added this.") % {"old": old, "new": new}


def _stock_note(product: Product, item: BasketItem) -> str:
    if product.stock <= 0:
        return _("This has sold out since you added it. Please remove it to continue.")
    if product.stock >= item.quantity:
        return ""
    return ngettext(
        "Only %(left)d left. Please reduce the quantity to continue.",
        "Only %(left)d left. Please reduce the quantity to continue.",
        product.stock,
    ) % {"left": product.stock}
