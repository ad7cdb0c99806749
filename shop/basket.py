"""What does a shopper want to buy, and what has changed about it since it was chosen?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import money
from shop import catalogue
from shop.basket_stores import AccountStore, SessionStore, Store, Wish
from shop.models import Product

MAX_QUANTITY = 99
MAX_LINES = 100

_MADE = "_shop_basket"


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


@dataclass(slots=True)
class Refill:
    """What became of goods that were wanted again: pieces that were added, pieces that are not there, skus not sold."""

    added: int = 0
    short: int = 0
    gone: list[str] = field(default_factory=list)


class Basket:
    """Quantities by sku, and beside each the price at which it was chosen."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def quantities(self) -> dict[str, int]:
        return {sku: wish.quantity for sku, wish in self._store.read().items()}

    @property
    def count(self) -> int:
        return sum(self.quantities.values())

    def put(self, *, product: Product, quantity: int) -> int:
        """Make the line hold `quantity`, or as many as there are; the quantity that it holds now is returned."""
        wishes = self._store.read()
        held = _put(wishes, product, quantity)
        self._store.write(wishes)
        return held

    def refill(self, *, wanted: Mapping[str, int]) -> Refill:
        """Add pieces by sku, as far as they are sold and there."""
        found, wishes, done = catalogue.by_sku(skus=wanted), self._store.read(), Refill()
        for sku, quantity in wanted.items():
            if sku not in found:
                done.gone.append(sku)
                continue
            before = wishes[sku].quantity if sku in wishes else 0
            added = max(0, _put(wishes, found[sku], before + quantity) - before)
            done.added += added
            done.short += quantity - added
        self._store.write(wishes)
        return done

    def remove(self, *, sku: str) -> int:
        """The quantity that was taken out is returned."""
        wishes = self._store.read()
        removed = wishes.pop(sku, None)
        if removed is not None:
            self._store.write(wishes)
        return removed.quantity if removed else 0

    def clear(self) -> None:
        self._store.write({})

    def contents(self) -> Contents:
        """One statement beyond the store's. Products that are not sold any more leave the basket here."""
        wishes = self._store.read()
        if not wishes:
            return Contents(lines=[], gone=0)
        found = catalogue.by_sku(skus=wishes)
        kept = {sku: wish for sku, wish in wishes.items() if sku in found}
        if len(kept) < len(wishes):
            self._store.write(kept)
        return Contents(
            lines=[_line(found[sku], wish) for sku, wish in kept.items()],
            gone=len(wishes) - len(kept),
        )


def basket_of(request: HttpRequest) -> Basket:
    """The basket of whoever asks. One for each request, so that it is read once."""
    made: Basket | None = getattr(request, _MADE, None)
    if made is None:
        user = request.user
        made = Basket(AccountStore(user_id=user.pk) if user.is_authenticated else SessionStore(request.session))
        setattr(request, _MADE, made)
    return made


def take_along(request: HttpRequest, *, user_id: int) -> bool:
    """Bring what a guest chose into the account that was signed in to; of the same product the larger quantity stays.

    Whether both held something is returned, for the shopper to be told.
    """
    guest = SessionStore(request.session)
    chosen = guest.read()
    if not chosen:
        return False
    account = AccountStore(user_id=user_id)
    saved = account.read()
    account.write(_merged(saved, chosen))
    guest.write({})
    return bool(saved)


def _merged(saved: dict[str, Wish], chosen: dict[str, Wish]) -> dict[str, Wish]:
    merged = saved | {
        sku: wish for sku, wish in chosen.items() if sku not in saved or wish.quantity >= saved[sku].quantity
    }
    return dict(list(merged.items())[:MAX_LINES])


def _put(wishes: dict[str, Wish], product: Product, quantity: int) -> int:
    held = max(0, min(quantity, product.stock, MAX_QUANTITY))
    if not held or (product.sku not in wishes and len(wishes) >= MAX_LINES):
        wishes.pop(product.sku, None)
        return 0
    wishes[product.sku] = Wish(held, product.price)
    return held


def _line(product: Product, wish: Wish) -> BasketLine:
    return BasketLine(
        product=product,
        quantity=wish.quantity,
        price_note=_price_note(product, wish),
        stock_note=_stock_note(product, wish),
    )


def _price_note(product: Product, wish: Wish) -> str:
    if wish.price is None or wish.price == product.price:
        return ""
    old, new = (money.display(amount, product.currency) for amount in (wish.price, product.price))
    return _("The price changed from %(old)s to %(new)s since you chose this.") % {"old": old, "new": new}


def _stock_note(product: Product, wish: Wish) -> str:
    if product.stock <= 0:
        return _("Sold out since you chose this. Please remove it to go on.")
    if product.stock >= wish.quantity:
        return ""
    return ngettext(
        "Only %(left)d is left. Please change the quantity to go on.",
        "Only %(left)d are left. Please change the quantity to go on.",
        product.stock,
    ) % {"left": product.stock}
