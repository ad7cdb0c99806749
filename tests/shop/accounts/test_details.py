"""Account details: a new address counts once its owner confirms it, and API tokens are listed and revoked."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from axes.models import AccessAttempt, AccessLog
from django.core import mail
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from messaging.models import Message, State
from shop.accounts import services
from shop.models import User
from tests.delivery import deliver_due
from tests.factories import UserFactory
from tests.shop.accounts.test_accounts import GOOD, register, signs_in, text

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "ada@example.com", "king@example.com"


@pytest.fixture
def ada(client: Client) -> Client:
    register(client)
    return client


def change(client: Client, email: str = "King@example.com", password: str = GOOD) -> Any:
    typed = {"name": "Ada King", "email": email, "password": password}
    return client.post("/account/details/", typed, follow=True)


def emails() -> dict[str, Any]:
    """The e-mails that are due, by their recipients."""
    mail.outbox.clear()
    deliver_due()
    return {email.to[0]: email for email in mail.outbox}


def link(email: Any) -> str:
    [found] = re.findall(r"https?://\S+", str(email.body))
    return urlsplit(found).path


def account() -> User:
    return User.objects.get(first_name="Ada")


def test_the_name_changes_without_the_password_and_the_address_does_not(ada):
    ada.post("/account/details/", {"name": "Ada King", "email": OLD})
    assert account().get_full_name() == "Ada King"
    assert "Enter your password" in text(change(ada, password="no"))
    assert not Message.objects.exists()


def test_a_new_address_counts_once_it_is_confirmed(ada):
    assert "We have sent a link to king@example.com" in text(change(ada))
    assert "king@example.com is not confirmed yet" in text(ada.get("/account/details/"))
    assert (account().email, account().username) == (OLD, OLD)
    sent = emails()
    assert set(sent) == {OLD, NEW}
    assert "Somebody who knows your password" in sent[OLD].body
    assert NEW not in sent[OLD].body
    path, visitor = link(sent[NEW]), Client()
    assert "Confirm address" in text(visitor.get(path))
    assert account().email == OLD  # a mail scanner opens links, too
    visitor.post(path)
    assert (account().email, account().username, account().new_email) == (NEW, NEW, "")
    assert signs_in(NEW, GOOD)
    assert not signs_in(OLD, GOOD)
    caches["limits"].clear()  # which knows for a minute what was just done
    again = visitor.post(path)
    assert again.status_code == 404
    assert "This link has expired or was already used" in text(again)


def test_a_chosen_user_name_stays(ada):
    User.objects.update(username="ada")
    change(ada)
    Client().post(link(emails()[NEW]))
    assert (account().email, account().username) == (NEW, "ada")


def test_the_answer_is_the_same_for_an_address_that_somebody_has(ada):
    UserFactory.create(username="bob", email="bob@example.com")
    ada.get("/account/")  # shows the welcome
    pages = [
        re.sub(r'value="\w{64}"|bob|eve', "", text(change(ada, email)))
        for email in ("bob@example.com", "eve@example.com")
    ]
    assert pages[0].replace(" is not confirmed yet", "") == pages[1].replace(" is not confirmed yet", "")


def test_an_address_that_somebody_has_gets_no_link(ada):
    UserFactory.create(username="bob", email="bob@example.com")
    change(ada, "BOB@example.com")
    assert set(emails()) == {OLD}
    assert not Message.objects.exclude(state=State.DONE).exists()


def test_an_address_that_somebody_took_in_the_meantime_is_refused(ada):
    change(ada)
    path = link(emails()[NEW])
    UserFactory.create(username="other", email=NEW.upper())
    assert Client().post(path).status_code == 404
    assert account().email == OLD


def test_a_confirmation_that_another_new_address_overtakes_changes_nothing(ada):
    services.request_email_change(user=account(), email=NEW, language="en")
    overtaken = account()
    services.request_email_change(user=account(), email="other@example.com", language="en")
    assert services.confirm_email(user=overtaken) is False
    assert (account().email, account().new_email) == (OLD, "other@example.com")


def test_another_new_address_or_password_or_a_day_makes_the_link_invalid(ada):
    change(ada)
    path = link(emails()[NEW])
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert Client().post(path).status_code == 404
    change(ada, "queen@example.com")
    assert Client().post(path).status_code == 404
    path = link(emails()["queen@example.com"])
    user = account()
    user.set_password("another good one")
    user.save()
    assert Client().post(path).status_code == 404
    assert account().email == OLD


def test_signing_in_elsewhere_leaves_the_link_valid(ada):
    change(ada)
    path = link(emails()[NEW])
    assert signs_in(OLD, GOOD)
    assert Client().post(path).status_code == 302


@pytest.mark.parametrize("uid", ["MQ", "x", "é", "9" * 60, "LTE", "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA"])
def test_a_made_up_link_is_not_found(uid, client):
    assert client.get(f"/account/email/{uid}/abc-123/").status_code == 404


def test_the_ledger_stores_neither_address_nor_token(ada):
    change(ada)
    token = link(emails()[NEW]).rstrip("/").rpartition("/")[2]
    ledger = str(list(Message.objects.values()))
    assert NEW not in ledger
    assert token not in ledger


def test_changes_of_address_are_limited(ada):
    for n in range(5):
        change(ada, f"{n}@example.com")
    refused = change(ada, "5@example.com")
    assert refused.status_code == 429
    assert 'name="email" value="5@example.com"' in text(refused)
    assert GOOD not in text(refused)


def test_the_old_address_is_not_kept_in_records_of_sign_ins(ada):
    signs_in(OLD.upper(), GOOD)
    signs_in(OLD, "wrong")
    change(ada)
    sent = emails()
    assert AccessAttempt.objects.filter(username__iexact=OLD).exists()
    Client().post(link(sent[NEW]))
    assert not AccessLog.objects.filter(username__iexact=OLD).exists()
    assert not AccessAttempt.objects.filter(username__iexact=OLD).exists()


class TestTokens:
    def test_they_are_listed_and_revoked(self, ada):
        kept, gone = (AuthToken.objects.create(account())[0] for _ in range(2))
        assert gone.token_key in text(ada.get("/account/details/"))
        for _ in range(2):
            answer = ada.post(f"/account/tokens/{gone.token_key}/revoke/", follow=True)
            assert "API token revoked." in text(answer)
        assert list(AuthToken.objects.all()) == [kept]

    def test_of_many_the_newest_are_listed(self, ada, monkeypatch):
        monkeypatch.setattr("shop.accounts.views.details.MOST_SHOWN", 2)
        tokens = [AuthToken.objects.create(account())[0] for _ in range(2)]
        assert "Only the newest" not in text(ada.get("/account/details/"))
        tokens.append(AuthToken.objects.create(account())[0])
        page = text(ada.get("/account/details/"))
        assert "Only the newest 2 are shown." in page
        assert [token.token_key in page for token in tokens] == [False, True, True]

    def test_nobody_revokes_those_of_others(self, ada):
        token, _ = AuthToken.objects.create(UserFactory.create())
        ada.post(f"/account/tokens/{token.token_key}/revoke/")
        assert AuthToken.objects.exists()
        assert "/account/login/" in Client().post(f"/account/tokens/{token.token_key}/revoke/").url
        assert ada.get(f"/account/tokens/{token.token_key}/revoke/").status_code == 405

    @pytest.mark.parametrize(
        "change",
        [
            lambda user: user.set_password("another good one"),
            lambda user: user.set_unusable_password(),
            lambda user: setattr(user, "is_active", False),
        ],
    )
    def test_a_new_password_or_a_deactivation_revokes_them(self, ada, change):
        user, other = account(), AuthToken.objects.create(UserFactory.create())[0]
        AuthToken.objects.create(user)
        change(user)
        user.save()
        assert list(AuthToken.objects.all()) == [other]

    def test_other_changes_leave_them(self, ada):
        AuthToken.objects.create(account())
        ada.post("/account/details/", {"name": "Ada King", "email": OLD})
        assert signs_in(OLD, GOOD)
        account().save()
        assert AuthToken.objects.count() == 1

    def test_the_pages_for_passwords_revoke_them(self, ada):
        AuthToken.objects.create(account())
        new = {"new_password1": "a better horse", "new_password2": "a better horse"}
        ada.post("/account/password/", {"old_password": GOOD, **new})
        assert not AuthToken.objects.exists()
        AuthToken.objects.create(account())
        Client().post("/account/reset/", {"email": OLD})
        visitor = Client()
        form = visitor.get(link(emails()[OLD]), follow=True)
        visitor.post(form.redirect_chain[-1][0], {"new_password1": GOOD, "new_password2": GOOD})
        assert signs_in(OLD, GOOD)
        assert not AuthToken.objects.exists()
