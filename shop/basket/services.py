"""Basket of a shopper: adds and removes products, and merges a guest's basket at sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest

from shop.basket.contents import Contents, basket_line
from shop.basket.stores import AccountStore, BasketItem, SessionStore, Store
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
    def quantities(self) -> dict[str, int]:
        return {sku: item.quantity for sku, item in self._store.read().items()}

    @property
    def count(self) -> int:
        return sum(self.quantities.values())

    def put(self, *, product: Product, quantity: int) -> int:
        """Set the quantity of a line, capped by stock; returns the resulting quantity."""
        items = self._store.read()
        held = _put(items, product, quantity)
        self._store.write(items)
        return held

    def refill(self, *, wanted: Mapping[str, int]) -> Refill:
        """Add quantities by SKU, as far as the products are sold and in stock."""
        found, items, done = catalogue.by_sku(skus=wanted), self._store.read(), Refill()
        for sku, quantity in wanted.items():
            if sku not in found:
                done.gone.append(sku)
                continue
            before = items[sku].quantity if sku in items else 0
            added = max(0, _put(items, found[sku], before + quantity) - before)
            done.added += added
            done.short += quantity - added
        self._store.write(items)
        return done

    def remove(self, *, sku: str) -> int:
        """Remove a line; returns its quantity."""
        items = self._store.read()
        removed = items.pop(sku, None)
        if removed is not None:
            self._store.write(items)
        return removed.quantity if removed else 0

    def clear(self) -> None:
        self._store.write({})

    def contents(self) -> Contents:
        """One statement beyond the store's. Products no longer sold are removed from the basket here."""
        items = self._store.read()
        if not items:
            return Contents(lines=[], gone=0)
        found = catalogue.by_sku(skus=items)
        kept = {sku: item for sku, item in items.items() if sku in found}
        if len(kept) < len(items):
            self._store.write(kept)
        return Contents(
            lines=[basket_line(found[sku], item) for sku, item in kept.items()],
            gone=len(items) - len(kept),
        )


def basket_of(request: HttpRequest) -> Basket:
    """The basket of the request's session or account, created once per request."""
    basket: Basket | None = getattr(request, _ATTRIBUTE, None)
    if basket is None:
        user = request.user
        basket = Basket(AccountStore(user) if user.is_authenticated else SessionStore(request.session))
        setattr(request, _ATTRIBUTE, basket)
    return basket


def merge_guest_basket(request: HttpRequest, *, user: User) -> bool:
    """Move a guest's basket into the account's; for a product in both, the larger quantity wins.

    Returns whether both baskets had items, so that the shopper can be notified.
    """
    guest = SessionStore(request.session)
    added = guest.read()
    if not added:
        return False
    account = AccountStore(user)
    saved = account.read()
    account.write(_merged(saved, added))
    guest.write({})
    return bool(saved)


def _merged(saved: dict[str, BasketItem], added: dict[str, BasketItem]) -> dict[str, BasketItem]:
    merged = saved | {
        sku: item for sku, item in added.items() if sku not in saved or item.quantity >= saved[sku].quantity
    }
    return dict(list(merged.items())[:MAX_LINES])


def _put(items: dict[str, BasketItem], product: Product, quantity: int) -> int:
    held = max(0, min(quantity, product.stock, MAX_QUANTITY))
    if not held or (product.sku not in items and len(items) >= MAX_LINES):
        items.pop(product.sku, None)
        return 0
    items[product.sku] = BasketItem(held, product.price)
    return held
