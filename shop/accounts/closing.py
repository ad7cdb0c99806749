"""Closes an account at its owner's request, or takes the orders of a guest, and starts the erasure of their data."""

import uuid
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from knox.models import AuthToken

from messaging.models import Message
from messaging.outbox import enqueue, transaction
from messaging.redaction import REMOVED
from messaging.topology import Priority
from orders.models import Order
from shop.accounts.addresses import addresses_of
from shop.accounts.services import normalised, subject_of
from shop.models import Erasure, SavedAddress, SavedBasket, User
from shop.order_pages.selectors import guest_orders, orders_of, unfinished
from shop.payloads import EraseAccount

PERSONAL = ("name", "email", "line1", "line2", "city", "postcode", "state")
#: Orders named by a refusal.
MAX_NAMED = 20
#: Values of each column of the orders that are searched for everywhere; further ones, in the messages of their orders.
MAX_WORDS = 300


class CannotErase(Exception):
    """The data is still needed. Nothing was changed."""


@transaction()
def close_account(*, user: User, with_guests: bool = False) -> Message | None:
    """Close an account at once and for good, and enqueue the erasure of its personal data.

    It can no longer sign in, its sessions and tokens are dead, and its name and address are free for another account.
    What may still be recorded for it decides under the account's lock: see `lock_account`. `with_guests`: the orders
    placed with its e-mail address without signing in are erased, too.

    Returns the first message of the erasure; None if there is one already. Raises `CannotErase` for staff, whose names
    the audit log needs, and while an order is in progress.
    """
    present = next(iter(lock_accounts(User.objects.filter(pk=user.pk))), None)
    if present is None or Erasure.objects.filter(pk=present.pk).exists():
        return None
    if present.is_staff or present.is_superuser:
        raise CannotErase(_("This is a staff account. Ask an administrator to delete it."))
    names = {present.get_username(), present.email} - {""}
    begun = _begin(present, guest_email=normalised(present.email) if with_guests else "", sign_in_names=sorted(names))
    for rows in (SavedBasket.objects, AuthToken.objects, addresses_of(user=present)):
        rows.filter(user=present).delete()
    blank = dict.fromkeys(("email", "new_email", "first_name", "last_name"), "")
    User.objects.filter(pk=present.pk).update(**blank, **_closed())
    return begun


@transaction()
def erase_guest(*, email: str) -> Message | None:
    """Enqueue the erasure of the orders placed with an e-mail address without signing in, as those of a closed account.

    `email` is `normalised`. Returns the first message of the erasure; None if there are no such orders, or if it has
    begun already. Raises `CannotErase` while one is in progress.
    """
    found = guest_orders(email=email).order_by("placed_at", "pk")
    oldest = found.select_for_update(no_key=True).first()  # one operator at a time
    if oldest is None or Erasure.objects.filter(guest_email=email).exists():
        return None
    return _begin(User.objects.create(**_closed()), guest_email=email)


def lock_accounts(users: QuerySet[User]) -> list[User]:
    """Lock accounts to close or delete them: nothing is recorded for them meanwhile.

    Their baskets come first, as in a checkout, which decides by the basket.
    """
    list(SavedBasket.objects.filter(pk__in=users.values("pk")).order_by("pk").select_for_update().values_list("pk"))
    return list(users.order_by("pk").select_for_update(of=("self",)))


def _closed() -> dict[str, Any]:
    return {"username": f"erased-{uuid.uuid4().hex}", "password": make_password(None), "is_active": False}


def _begin(user: User, *, guest_email: str, sign_in_names: Sequence[str] = ()) -> Message:
    orders = [orders_of(user=user), *([guest_orders(email=guest_email)] if guest_email else [])]
    for found in orders:
        _check_finished(found)
    words = _words(user).union(*(_most_used(found, column) for found in orders for column in PERSONAL)) - {"", REMOVED}
    Erasure.objects.create(user=user, guest_email=guest_email, sign_in_names=list(sign_in_names), words=sorted(words))
    return enqueue(EraseAccount(user_id=user.pk), priority=Priority.LOW, subject=subject_of(user))


def _check_finished(orders: QuerySet[Order]) -> None:
    if numbers := unfinished(orders).values_list("number", flat=True)[:MAX_NAMED]:
        raise CannotErase(
            _("These orders are still in progress: %(numbers)s. Nothing was deleted. Wait for them, or cancel them.")
            % {"numbers": ", ".join(numbers)}
        )


def _words(user: User) -> set[str]:
    """The names and addresses of the account itself."""
    own = {user.email, user.get_username(), user.new_email, user.get_full_name(), user.first_name, user.last_name}
    return own | words_of(addresses_of(user=user))


def _most_used(orders: QuerySet[Order], column: str) -> set[str]:
    values = orders.values_list(column).annotate(orders=Count("pk")).order_by("-orders", column)
    return {value for value, _orders in values[:MAX_WORDS]}


def words_of(rows: Iterable[Order | SavedAddress]) -> set[str]:
    """The names and addresses in these rows."""
    return set(chain.from_iterable([getattr(row, column, "") for column in PERSONAL] for row in rows)) - {"", REMOVED}
