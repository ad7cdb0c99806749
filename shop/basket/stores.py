"""Basket storage: the session for guests, the database for accounts, so that it follows them across devices."""

from dataclasses import dataclass
from typing import Protocol

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from shop.models import SavedBasket

_QUANTITIES = "basket"
_PRICES = "basket_prices"


@dataclass(frozen=True, slots=True)
class BasketItem:
    """Quantity of a product, and its price in minor units when it was added."""

    quantity: int
    price: int | None


class Store(Protocol):
    def read(self) -> dict[str, BasketItem]:
        """Items by SKU, in the order they were added."""
        ...

    def write(self, items: dict[str, BasketItem]) -> None: ...


class SessionStore:
    def __init__(self, session: SessionBase) -> None:
        self._session = session

    def read(self) -> dict[str, BasketItem]:
        quantities, prices = self._session.get(_QUANTITIES, {}), self._session.get(_PRICES, {})
        return {sku: BasketItem(quantity, prices.get(sku)) for sku, quantity in quantities.items()}

    def write(self, items: dict[str, BasketItem]) -> None:
        if items:
            self._session[_QUANTITIES] = {sku: item.quantity for sku, item in items.items()}
            self._session[_PRICES] = {sku: item.price for sku, item in items.items()}
        else:
            self._session.pop(_QUANTITIES, None)
            self._session.pop(_PRICES, None)


class AccountStore:
    """One statement per read and per write; reads are cached, since a page reads more than once."""

    def __init__(self, *, user_id: int) -> None:
        self._user_id = user_id
        self._cached: dict[str, BasketItem] | None = None

    def read(self) -> dict[str, BasketItem]:
        if self._cached is None:
            saved = SavedBasket.objects.filter(user_id=self._user_id).first()
            lines = saved.lines if saved else []
            self._cached = {sku: BasketItem(quantity, price) for sku, quantity, price in lines}
        return dict(self._cached)

    def write(self, items: dict[str, BasketItem]) -> None:
        lines = [[sku, item.quantity, item.price] for sku, item in items.items()]
        SavedBasket.objects.bulk_create(
            [SavedBasket(user_id=self._user_id, lines=lines, changed_at=timezone.now())],
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["lines", "changed_at"],
        )
        self._cached = dict(items)
