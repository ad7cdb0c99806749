"""Basket of a shopper: adds and removes products, and merges a guest's basket at sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.http import HttpRequest

from shop.basket.contents import Contents, basket_line
from shop.basket.stores import BasketItem, Items, Store, account_store, guest_store, take_guest_basket
from shop.catalogue import selectors as catalogue
from shop.models import Product, User

MAX_QUANTITY = 99
MAX_LINES = 100

_ATTRIBUTE = "_shop_basket"


@dataclass(slots=True)
class Refill:
    """Result of reordering: items added, items out of stock, and SKUs no longer sold."""

    added: int = 0
    short: int = 0
    gone: list[str] = field(default_factory=list)


class Basket:
    """Quantities by SKU, each with the price at which it was added."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def count(self) -> int:
        return sum(item.quantity for item in self._store.read().values())

    def add(self, *, product: Product, quantity: int) -> tuple[int, int]:
        """Add to a line, capped by stock. Returns its quantities before and after."""
        return self._store.change(lambda items: _add(items, product, quantity))

    def put(self, *, product: Product, quantity: int) -> int:
        """Set the quantity of a line, capped by stock; returns the resulting quantity."""
        return self._store.change(lambda items: _put(items, product, quantity))

    def refill(self, *, wanted: Mapping[str, int]) -> Refill:
        """Add quantities by SKU, as far as the products are sold and in stock."""
        found = catalogue.by_sku(skus=wanted)
        return self._store.change(lambda items: _refill(items, wanted, found))

    def remove(self, *, sku: str) -> int:
        """Remove a line; returns its quantity."""
        removed = self._store.change(lambda items: items.pop(sku, None))
        return removed.quantity if removed else 0

    def contents(self) -> Contents:
        """One statement beyond the store's. Products no longer sold are removed from the basket here."""
        items = self._store.read()
        if not items:
            return Contents(lines=[], gone=0)
        found = catalogue.by_sku(skus=items)
        if gone := items.keys() - found.keys():
            self._store.change(lambda items: [items.pop(sku, None) for sku in gone])
        return Contents(
            lines=[basket_line(found[sku], item) for sku, item in items.items() if sku in found], gone=len(gone)
        )

    def take(self, contents: Contents) -> bool:
        """Empty the basket if it still holds exactly `contents`, in the caller's transaction."""
        return self._store.take({line.product.sku: line.item for line in contents.lines})


def basket_of(request: HttpRequest) -> Basket:
    """The basket of the request's session or account, created once per request."""
    basket: Basket | None = getattr(request, _ATTRIBUTE, None)
    if basket is None:
        user = request.user
        basket = Basket(account_store(user) if user.is_authenticated else guest_store(request))
        setattr(request, _ATTRIBUTE, basket)
    return basket


@transaction.atomic
def merge_guest_basket(request: HttpRequest, *, user: User) -> bool:
    """Move a guest's basket into the account's; for a product in both, the larger quantity wins.

    Returns whether both baskets had items, so that the shopper can be notified.
    """
    added = take_guest_basket(request.session)
    return bool(added) and account_store(user).change(lambda saved: _merge(saved, added))


def _merge(items: Items, added: Items) -> bool:
    had_items = bool(items)
    items |= {sku: item for sku, item in added.items() if sku not in items or item.quantity >= items[sku].quantity}
    for sku in list(items)[MAX_LINES:]:
        del items[sku]
    return had_items


def _refill(items: Items, wanted: Mapping[str, int], found: Mapping[str, Product]) -> Refill:
    done = Refill()
    for sku, quantity in wanted.items():
        if sku not in found:
            done.gone.append(sku)
            continue
        before, held = _add(items, found[sku], quantity)
        added = max(0, held - before)
        done.added += added
        done.short += quantity - added
    return done


def _add(items: Items, product: Product, quantity: int) -> tuple[int, int]:
    before = items[product.sku].quantity if product.sku in items else 0
    return before, _put(items, product, before + quantity)


def _put(items: dict[str, BasketItem], product: Product, quantity: int) -> int:
    held = max(0, min(quantity, product.stock, MAX_QUANTITY))
    if not held or (product.sku not in items and len(items) >= MAX_LINES):
        items.pop(product.sku, None)
        return 0
    items[product.sku] = BasketItem(held, product.price)
    return held
