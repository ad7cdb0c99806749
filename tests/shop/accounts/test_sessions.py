"""Sessions of staff are short, and those of deleted accounts are deleted in slices."""

from datetime import timedelta
from http.cookies import SimpleCookie
from itertools import pairwise

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from messaging.outbox import enqueue, transaction
from messaging.topology import Priority
from shop.payloads import DeleteOrphanedSessions
from tests.delivery import deliver_due
from tests.factories import ProductFactory, UserFactory
from tests.shop.accounts.erasing import erase

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(**options) -> Client:
    user, client = UserFactory.create(**options), Client()
    user.set_password("right")
    user.save()
    assert client.post("/account/login/", {"username": user.username, "password": "right"}).status_code == 302
    return client


def is_signed_in(client: Client, *, hours: float) -> bool:
    with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
        return client.get("/account/").status_code == 200


def test_staff_are_signed_out_after_half_a_day_and_shoppers_after_two_months():
    staff, shopper = signed_in(is_staff=True), signed_in()
    assert is_signed_in(staff, hours=11.9)
    assert not is_signed_in(staff, hours=12.1)
    assert is_signed_in(shopper, hours=59 * 24)


def test_using_the_shop_does_not_extend_the_session_of_staff():
    staff = signed_in(is_staff=True)
    with time_machine.travel(timezone.now() + timedelta(hours=11), tick=False):
        session = staff.session
        session["x"] = 1
        session.save()
    assert not is_signed_in(staff, hours=12.1)


def test_nobody_loses_a_session_or_a_basket_by_the_guides_steps_to_another_secret_key(settings):
    old, new = settings.SECRET_KEY, "new" * 20
    shopper, guest = signed_in(), Client()
    guest.post("/basket/add/", {"sku": ProductFactory.create(name="Lamp").sku, "quantity": 1})
    for settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS in ((old, [new]), (new, [old])):
        assert is_signed_in(shopper, hours=0)
        assert b"Lamp" in guest.get("/basket/").content
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(shopper, hours=0)


def test_processes_that_have_taken_the_next_step_and_those_that_have_not_share_sessions(settings):
    """During each restart, requests reach either."""
    old, new = settings.SECRET_KEY, "new" * 20
    steps: list[tuple[str, list[str]]] = [(old, []), (old, [new]), (new, [old]), (new, [])]
    for before, after in pairwise(steps):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = before
        shopper = signed_in()
        for settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS in (after, before, after):
            assert is_signed_in(shopper, hours=0)


def test_a_response_that_never_arrives_while_the_secret_key_changes_signs_nobody_out(settings):
    """A tab that is closed meanwhile, or a second request that was sent beside the first."""
    shopper = signed_in()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    sent = {name: cookie.value for name, cookie in shopper.cookies.items()}
    assert is_signed_in(shopper, hours=0)
    shopper.cookies = SimpleCookie(sent)
    assert is_signed_in(shopper, hours=0)


def test_a_sign_in_and_a_new_password_still_replace_the_session(settings):
    shopper = signed_in()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    keys = [shopper.session.session_key]
    typed = {"old_password": "right", "new_password1": "quite-another-1", "new_password2": "quite-another-1"}
    assert shopper.post("/account/password/", typed).status_code == 302
    keys.append(shopper.session.session_key)
    shopper.post("/account/logout/")
    name = UserFactory._meta.model.objects.get().username
    shopper.post("/account/login/", {"username": name, "password": "quite-another-1"})
    keys.append(shopper.session.session_key)
    assert len(set(keys)) == 3


def test_who_becomes_staff_signs_in_again():
    client = signed_in(username="ada")
    user = UserFactory._meta.model.objects.get(username="ada")
    user.is_staff = True
    user.save()
    assert not is_signed_in(client, hours=0)


def sessions_of(owner: str, count: int) -> None:
    data = SessionStore().encode({SESSION_KEY: owner} if owner else {"basket": {}})
    expires = timezone.now() + timedelta(days=1)
    rows = (Session(session_key=f"{n:05}-{owner[:9]}", session_data=data, expire_date=expires) for n in range(count))
    Session.objects.bulk_create(rows)


def test_sessions_of_an_erased_account_end_at_once_and_are_deleted_by_a_task():
    client, other = signed_in(username="ada"), signed_in()
    user = UserFactory._meta.model.objects.get(username="ada")
    erase(user=user)
    assert not is_signed_in(client, hours=0)
    deliver_due()
    assert Session.objects.get().session_key == other.session.session_key


@pytest.mark.usefixtures("one_step_slices")
def test_all_sessions_are_looked_at_in_slices(monkeypatch):
    monkeypatch.setattr("shop.accounts.retention.ROWS", 10)
    kept = str(UserFactory.create().pk)
    for owner, count in (("999999", 25), (kept, 7), ("", 8), ("no number", 2), ("9" * 40, 2)):
        sessions_of(owner, count)
    with transaction():
        enqueue(DeleteOrphanedSessions(), priority=Priority.LOW)
    assert len(deliver_due()) == 6  # five batches, and nothing left
    assert Session.objects.count() == 7 + 8
    assert {key[6:] for key in Session.objects.values_list("session_key", flat=True)} == {kept, ""}
