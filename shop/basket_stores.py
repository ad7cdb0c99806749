"""Where is a basket kept? A guest's in the session; with the account once signed in, for every device."""

from dataclasses import dataclass
from typing import Protocol

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from shop.models import SavedBasket

_WANTED = "basket"
_SEEN = "basket_prices"


@dataclass(frozen=True, slots=True)
class Wish:
    """How many of a product, and its price in minor units when it was chosen."""

    quantity: int
    price: int | None


class Store(Protocol):
    def read(self) -> dict[str, Wish]:
        """Wishes by sku, in the order in which they were made."""
        ...

    def write(self, wishes: dict[str, Wish]) -> None: ...


class SessionStore:
    def __init__(self, session: SessionBase) -> None:
        self._session = session

    def read(self) -> dict[str, Wish]:
        seen = self._session.get(_SEEN, {})
        return {sku: Wish(quantity, seen.get(sku)) for sku, quantity in self._session.get(_WANTED, {}).items()}

    def write(self, wishes: dict[str, Wish]) -> None:
        if wishes:
            self._session[_WANTED] = {sku: wish.quantity for sku, wish in wishes.items()}
            self._session[_SEEN] = {sku: wish.price for sku, wish in wishes.items()}
        else:
            self._session.pop(_WANTED, None)
            self._session.pop(_SEEN, None)


class AccountStore:
    """One statement a read and one a write; what was read is kept, since a page asks more than once."""

    def __init__(self, *, user_id: int) -> None:
        self._user_id = user_id
        self._kept: dict[str, Wish] | None = None

    def read(self) -> dict[str, Wish]:
        if self._kept is None:
            saved = SavedBasket.objects.filter(user_id=self._user_id).first()
            lines = saved.lines if saved else []
            self._kept = {sku: Wish(quantity, price) for sku, quantity, price in lines}
        return dict(self._kept)

    def write(self, wishes: dict[str, Wish]) -> None:
        lines = [[sku, wish.quantity, wish.price] for sku, wish in wishes.items()]
        SavedBasket.objects.bulk_create(
            [SavedBasket(user_id=self._user_id, lines=lines, changed_at=timezone.now())],
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["lines", "changed_at"],
        )
        self._kept = dict(wishes)
