"""Are a shopper's addresses kept, once each, with one default?"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connections

from shop.accounts import addresses
from shop.models import SavedAddress, User
from tests.factories import ADDRESS, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def keep(user: User, line1: str = ADDRESS.line1, *, is_default: bool = False) -> SavedAddress:
    return addresses.add_address(user=user, name="Ada", address=replace(ADDRESS, line1=line1), is_default=is_default)


def default_of(user: User) -> str:
    return addresses.addresses_of(user=user).get(is_default=True).line1


def test_the_first_address_is_the_default_until_another_is_chosen():
    user = UserFactory.create()
    first, second = keep(user, "First"), keep(user, "Second")
    assert default_of(user) == "First"
    addresses.make_default(saved=second)
    assert default_of(user) == "Second"
    assert list(addresses.addresses_of(user=user)) == [second, first]


def test_the_same_address_is_kept_once():
    user = UserFactory.create()
    keep(user, "Other")
    assert keep(user) == keep(user, is_default=True)
    assert addresses.addresses_of(user=user).count() == 2
    assert default_of(user) == ADDRESS.line1


def test_a_change_reaches_this_address_only():
    user = UserFactory.create()
    first, second = keep(user, "First"), keep(user, "Second")
    addresses.change_address(saved=second, name="Bob", address=replace(ADDRESS, line1="New"), is_default=True)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (second.name, second.line1, second.is_default) == ("Bob", "New", True)
    assert (first.line1, first.is_default) == ("First", False)


def test_when_the_default_goes_the_newest_of_the_others_is_it():
    user = UserFactory.create()
    first = keep(user, "First")
    keep(user, "Second")
    keep(user, "Third")
    addresses.remove_address(saved=first)
    assert default_of(user) == "Third"


def test_another_default_outlives_the_end_of_an_address():
    user = UserFactory.create()
    keep(user, "First")
    addresses.remove_address(saved=keep(user, "Second"))
    assert default_of(user) == "First"


def test_nobody_sees_or_moves_the_addresses_of_another():
    ada, bob = UserFactory.create_batch(2)
    keep(ada, "Ada's")
    keep(bob, "Bob's", is_default=True)
    assert [saved.line1 for saved in addresses.addresses_of(user=bob)] == ["Bob's"]
    assert default_of(ada) == "Ada's"


def test_there_is_an_end_to_how_many_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(addresses, "MAX_ADDRESSES", 1)
    user = UserFactory.create()
    keep(user)
    with pytest.raises(addresses.TooManyAddresses, match="Remove one"):
        keep(user, "One more")
    assert addresses.addresses_of(user=user).count() == 1


def test_two_defaults_at_once_leave_one():
    user = UserFactory.create()

    def one(n: int) -> None:
        keep(user, f"Street {n}", is_default=True)
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert addresses.addresses_of(user=user).count() == 4
    assert addresses.addresses_of(user=user).filter(is_default=True).count() == 1
