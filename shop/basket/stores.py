"""Basket storage: a row for each account, which follows it across devices, and for each guest's session.

Changes are made under the row's lock, so that of two tabs none overwrites what the other has added.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from shop.limits import policy
from shop.limits.clients import client_of
from shop.limits.counters import take
from shop.models import GuestBasket, SavedBasket, User
from shop.models.basket import BasketRow

_KEY = "basket_key"


@dataclass(frozen=True, slots=True)
class BasketItem:
    """Quantity of a product, and its price in minor units when it was added."""

    quantity: int
    price: int | None


Items = dict[str, BasketItem]
Result = TypeVar("Result")


class Store:
    """The row of `model` that has the key, which is asked for only when needed. `items` of None are not read yet."""

    def __init__(self, model: type[BasketRow], *, key: Callable[[], Any], items: Items | None) -> None:
        self._model, self._key, self._items = model, key, items

    def read(self) -> Items:
        """Items by SKU, in the order they were added. One statement at most, and only once."""
        if self._items is None:
            row = self._rows().first()
            self._items = _items(row.lines if row else [])
        return dict(self._items)

    def change(self, edit: Callable[[Items], Result]) -> Result:
        """Let `edit` change the items, which nobody else can change meanwhile. Returns its result."""
        with transaction.atomic():
            items = _items(self._locked().lines)
            result = edit(items)
            self._rows().update(lines=_lines(items), changed_at=timezone.now())
        self._items = items
        return result

    def take(self, items: Items) -> bool:
        """Empty the basket if it holds exactly `items`, in the caller's transaction. One statement."""
        taken = self._rows().filter(lines=_lines(items)).update(lines=[], changed_at=timezone.now()) == 1
        self._items = None
        return taken

    def _rows(self) -> Any:
        return self._model._default_manager.filter(pk=self._key())

    def _locked(self) -> BasketRow:
        rows = self._rows().select_for_update()
        if (row := rows.first()) is None:
            rows.bulk_create([rows.model(pk=self._key())], ignore_conflicts=True)
            row = rows.get()
        return row


def account_store(user: User) -> Store:
    """The user comes with the basket: reading it takes no statement."""
    saved: SavedBasket | None = getattr(user, "basket", None)
    return Store(SavedBasket, key=lambda: user.pk, items=_items(saved.lines if saved else []))


def guest_store(request: HttpRequest) -> Store:
    """Most guests have no key, hence no basket yet."""
    items: Items | None = None if _KEY in request.session else {}
    return Store(GuestBasket, key=lambda: request.session.get(_KEY) or _new_key(request), items=items)


def take_guest_basket(session: SessionBase) -> Items:
    """The items of the guest's basket, which is deleted, in the caller's transaction. Nobody orders them meanwhile."""
    key = session.pop(_KEY, None)
    row = GuestBasket.objects.select_for_update().filter(pk=key).first() if key else None
    if row is None:
        return {}
    row.delete()
    return _items(row.lines)


def _new_key(request: HttpRequest) -> str:
    """The same one for two first requests at once, which have no session yet, but the browser's CSRF cookie.

    Raises `Limited`: whoever sends no cookies back gets another session, and another basket, with each request.
    """
    take(policy.GUEST_BASKET, client=client_of(request))
    secret = request.META.get("CSRF_COOKIE") or get_random_string(32)
    key = salted_hmac("shop.basket", secret, algorithm="sha256").hexdigest()
    request.session[_KEY] = key
    return key


def _items(lines: list[list[Any]]) -> Items:
    return {sku: BasketItem(quantity, price) for sku, quantity, price in lines}


def _lines(items: Items) -> list[list[Any]]:
    return [[sku, item.quantity, item.price] for sku, item in items.items()]
