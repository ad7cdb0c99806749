"""Saved addresses of a shopper: reads and changes."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders.values import Address
from shop.models import SavedAddress, User

MAX_ADDRESSES = 20


class TooManyAddresses(Exception):
    """A shopper keeps as many addresses as one may. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            _("You keep %(limit)d addresses already. Remove one, then add this one.") % {"limit": MAX_ADDRESSES}
        )


def addresses_of(*, user: AbstractBaseUser) -> QuerySet[SavedAddress]:
    """A shopper's saved addresses: the default one first, then the newest."""
    return SavedAddress.objects.filter(user_id=user.pk)


@transaction.atomic
def add_address(*, user: AbstractBaseUser, name: str, address: Address, is_default: bool = False) -> SavedAddress:
    """Keep an address; one that is kept already is not kept twice. A shopper's first one is the default.

    Raises `TooManyAddresses`.
    """
    _lock(user)
    kept = addresses_of(user=user)
    saved = kept.filter(name=name, **_fields(address)).first()
    if saved is None:
        count = kept.count()
        if count >= MAX_ADDRESSES:
            raise TooManyAddresses
        is_default = is_default or not count
        saved = SavedAddress.objects.create(user_id=user.pk, name=name, **_fields(address))
    if is_default:
        _make_default(saved)
    return saved


@transaction.atomic
def change_address(*, saved: SavedAddress, name: str, address: Address, is_default: bool = False) -> None:
    """Write a saved address anew. The default one stays it until another is chosen."""
    _lock(saved.user)
    SavedAddress.objects.filter(pk=saved.pk).update(name=name, **_fields(address))
    if is_default:
        _make_default(saved)


@transaction.atomic
def make_default(*, saved: SavedAddress) -> None:
    """Let the checkout begin with this address."""
    _lock(saved.user)
    _make_default(saved)


@transaction.atomic
def remove_address(*, saved: SavedAddress) -> None:
    """Forget an address. If it was the default, the newest of the others is from now on."""
    _lock(saved.user)
    SavedAddress.objects.filter(pk=saved.pk).delete()
    others = addresses_of(user=saved.user)
    newest = None if others.filter(is_default=True).exists() else others.first()
    if newest:
        _make_default(newest)


def _make_default(saved: SavedAddress) -> None:
    mine = SavedAddress.objects.filter(user_id=saved.user_id)
    mine.exclude(pk=saved.pk).filter(is_default=True).update(is_default=False)
    mine.filter(pk=saved.pk).update(is_default=True)


def _lock(user: AbstractBaseUser) -> None:
    """Two changes at once would make two defaults, which the database refuses."""
    User.objects.select_for_update().filter(pk=user.pk).first()


def _fields(address: Address) -> dict[str, str]:
    return {
        "line1": address.line1,
        "city": address.city,
        "postcode": address.postcode,
        "country": address.country,
    }
