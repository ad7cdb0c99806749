"""Basket storage: the session for guests, the database for accounts, so that it follows them across devices."""

from dataclasses import dataclass
from typing import Protocol

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from shop.models import SavedBasket, User

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
    """One statement per write, and per read one at most: a signed-in visitor's user comes with the basket."""

    def __init__(self, user: User) -> None:
        self._user = user

    def read(self) -> dict[str, BasketItem]:
        saved: SavedBasket | None = getattr(self._user, "basket", None)
        return {sku: BasketItem(quantity, price) for sku, quantity, price in saved.lines} if saved else {}

    def write(self, items: dict[str, BasketItem]) -> None:
        lines = [[sku, item.quantity, item.price] for sku, item in items.items()]
        saved = SavedBasket(user_id=self._user.pk, lines=lines, changed_at=timezone.now())
        SavedBasket.objects.bulk_create(
            [saved], update_conflicts=True, unique_fields=["user"], update_fields=["lines", "changed_at"]
        )
        self._user.basket = saved
