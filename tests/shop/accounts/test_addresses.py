"""Saved addresses: no duplicates, one default, isolated per shopper."""

from dataclasses import replace
from functools import partial

import pytest

from shop.accounts import addresses
from shop.models import SavedAddress, User
from tests.factories import ADDRESS, UserFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def save(user: User, line1: str = ADDRESS.line1, *, is_default: bool = False) -> SavedAddress:
    return addresses.add_address(user=user, name="Ada", address=replace(ADDRESS, line1=line1), is_default=is_default)


def default_of(user: User) -> str:
    return addresses.addresses_of(user=user).get(is_default=True).line1


def test_the_first_address_is_the_default_until_another_is_chosen():
    user = UserFactory.create()
    first, second = save(user, "First"), save(user, "Second")
    assert default_of(user) == "First"
    addresses.make_default(saved=second)
    assert default_of(user) == "Second"
    assert list(addresses.addresses_of(user=user)) == [second, first]


def test_the_same_address_is_saved_once():
    user = UserFactory.create()
    save(user, "Other")
    assert save(user) == save(user, is_default=True)
    assert addresses.addresses_of(user=user).count() == 2
    assert default_of(user) == ADDRESS.line1


def test_a_change_affects_only_its_address():
    user = UserFactory.create()
    first, second = save(user, "First"), save(user, "Second")
    addresses.change_address(saved=second, name="Bob", address=replace(ADDRESS, line1="New"), is_default=True)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (second.name, second.line1, second.is_default) == ("Bob", "New", True)
    assert (first.line1, first.is_default) == ("First", False)


def test_removing_the_default_promotes_the_newest():
    user = UserFactory.create()
    first = save(user, "First")
    save(user, "Second")
    save(user, "Third")
    addresses.remove_address(saved=first)
    assert default_of(user) == "Third"


def test_removing_another_address_keeps_the_default():
    user = UserFactory.create()
    save(user, "First")
    addresses.remove_address(saved=save(user, "Second"))
    assert default_of(user) == "First"


def test_addresses_are_isolated_per_shopper():
    ada, bob = UserFactory.create_batch(2)
    save(ada, "Ada's")
    save(bob, "Bob's", is_default=True)
    assert [saved.line1 for saved in addresses.addresses_of(user=bob)] == ["Bob's"]
    assert default_of(ada) == "Ada's"


def test_the_number_of_addresses_is_limited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(addresses, "MAX_ADDRESSES", 1)
    user = UserFactory.create()
    save(user)
    with pytest.raises(addresses.TooManyAddresses, match="Remove one"):
        save(user, "One more")
    assert addresses.addresses_of(user=user).count() == 1


def test_concurrent_defaults_leave_one():
    user = UserFactory.create()

    at_once(*(partial(save, user, f"Street {n}", is_default=True) for n in range(4)))
    assert addresses.addresses_of(user=user).count() == 4
    assert addresses.addresses_of(user=user).filter(is_default=True).count() == 1
