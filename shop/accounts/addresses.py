"""Saved addresses of a shopper: reads and writes."""

from dataclasses import asdict

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders.values import Address
from shop.accounts.services import lock_account
from shop.models import SavedAddress

MAX_ADDRESSES = 20


class TooManyAddresses(Exception):
    """The shopper has reached the limit of saved addresses. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            _("You already have %(limit)d saved addresses. Remove one to add this one.") % {"limit": MAX_ADDRESSES}
        )


def addresses_of(*, user: AbstractBaseUser) -> QuerySet[SavedAddress]:
    """A shopper's saved addresses: the default one first, then the newest."""
    return SavedAddress.objects.filter(user_id=user.pk)


@transaction.atomic
def add_address(*, user: AbstractBaseUser, name: str, address: Address, is_default: bool = False) -> SavedAddress:
    """Save an address, unless the same one is saved already. A shopper's first address becomes the default.

    Raises `TooManyAddresses`.
    """
    _lock(user)
    existing = addresses_of(user=user)
    saved = existing.filter(name=name, **asdict(address)).first()
    if saved is None:
        count = existing.count()
        if count >= MAX_ADDRESSES:
            raise TooManyAddresses
        is_default = is_default or not count
        saved = SavedAddress.objects.create(user_id=user.pk, name=name, **asdict(address))
    if is_default:
        _make_default(saved)
    return saved


@transaction.atomic
def change_address(*, saved: SavedAddress, name: str, address: Address, is_default: bool = False) -> None:
    """Overwrite a saved address. The default stays the default until another one is chosen.

    Raises `SavedAddress.DoesNotExist` if it was removed meanwhile.
    """
    _lock(saved.user)
    saved = SavedAddress.objects.get(pk=saved.pk)
    SavedAddress.objects.filter(pk=saved.pk).update(name=name, **asdict(address))
    if is_default:
        _make_default(saved)


@transaction.atomic
def make_default(*, saved: SavedAddress) -> None:
    """Preselect this address at checkout. Raises `SavedAddress.DoesNotExist` if it was removed meanwhile."""
    _lock(saved.user)
    _make_default(SavedAddress.objects.get(pk=saved.pk))


@transaction.atomic
def remove_address(*, saved: SavedAddress) -> None:
    """Delete an address. If it was the default, the newest of the others takes its place."""
    _lock(saved.user)
    SavedAddress.objects.filter(pk=saved.pk).delete()
    others = addresses_of(user=saved.user)
    newest = None if others.filter(is_default=True).exists() else others.first()
    if newest:
        _make_default(newest)


def _make_default(saved: SavedAddress) -> None:
    siblings = SavedAddress.objects.filter(user_id=saved.user_id)
    siblings.exclude(pk=saved.pk).filter(is_default=True).update(is_default=False)
    siblings.filter(pk=saved.pk).update(is_default=True)


def _lock(user: AbstractBaseUser) -> None:
    """Serialise writes: two at once could set two defaults, which the database rejects."""
    lock_account(user_id=user.pk)
