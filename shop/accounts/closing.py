"""Closes an account at its owner's request, and starts the erasure of its personal data."""

import uuid
from collections.abc import Iterable
from itertools import chain

from django.contrib.auth.hashers import make_password
from django.db.models import Count
from django.utils.translation import gettext as _
from knox.models import AuthToken

from messaging.outbox import enqueue, transaction
from messaging.redaction import REMOVED
from messaging.topology import Priority
from orders.models import Order
from shop.accounts.addresses import addresses_of
from shop.accounts.services import subject_of
from shop.models import Erasure, SavedAddress, SavedBasket, User
from shop.order_pages.selectors import orders_of, unfinished_orders_of
from shop.payloads import EraseAccount

PERSONAL = ("name", "email", "line1", "line2", "city", "postcode", "state")
#: Orders named by a refusal.
MAX_NAMED = 20
#: Values of each column of the orders that are searched for everywhere; further ones, in the messages of their orders.
MAX_WORDS = 300


class CannotErase(Exception):
    """The data is still needed. Nothing was changed."""


@transaction()
def close_account(*, user: User) -> None:
    """Close an account at once and for good, and enqueue the erasure of its personal data.

    It can no longer sign in, its sessions and tokens are dead, and its name and address are free for another account.
    What may still be recorded for it decides under the account's lock: see `lock_account`. An account that is closed
    already stays as it is. Raises `CannotErase` for staff, whose names the audit log needs, and while an order is in
    progress.
    """
    SavedBasket.objects.select_for_update().filter(pk=user.pk).first()  # first, as a checkout has it
    present = User.objects.select_for_update().filter(pk=user.pk, is_active=True).first()
    if present is None:
        return
    _check_erasable(present)
    names = sorted({present.get_username(), present.email} - {""})
    Erasure.objects.create(user=present, sign_in_names=names, words=sorted(_words(present)))
    for rows in (SavedBasket.objects, AuthToken.objects, addresses_of(user=present)):
        rows.filter(user=present).delete()
    blank = dict.fromkeys(("email", "new_email", "first_name", "last_name"), "")
    User.objects.filter(pk=present.pk).update(
        **blank, username=f"erased-{uuid.uuid4().hex}", password=make_password(None), is_active=False
    )
    enqueue(EraseAccount(user_id=present.pk), priority=Priority.LOW, subject=subject_of(present))


def _check_erasable(user: User) -> None:
    if user.is_staff:
        raise CannotErase(_("This is a staff account. Ask an administrator to delete it."))
    unfinished = unfinished_orders_of(user=user).values_list("number", flat=True)[:MAX_NAMED]
    if unfinished:
        raise CannotErase(
            _("These orders are still in progress: %(numbers)s. Nothing was deleted. Wait for them, or cancel them.")
            % {"numbers": ", ".join(unfinished)}
        )


def _words(user: User) -> set[str]:
    """The names and addresses of the account: all of its own, and of its orders' those that most of them have."""
    own = {user.email, user.get_username(), user.new_email, user.get_full_name(), user.first_name, user.last_name}
    ordered = [_most_used(user, column) for column in PERSONAL]
    return own.union(words_of(addresses_of(user=user)), *ordered) - {"", REMOVED}


def _most_used(user: User, column: str) -> set[str]:
    values = orders_of(user=user).values_list(column).annotate(orders=Count("pk")).order_by("-orders", column)
    return {value for value, _orders in values[:MAX_WORDS]}


def words_of(rows: Iterable[Order | SavedAddress]) -> set[str]:
    """The names and addresses in these rows."""
    return set(chain.from_iterable([getattr(row, column, "") for column in PERSONAL] for row in rows)) - {"", REMOVED}
