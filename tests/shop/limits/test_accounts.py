"""Limits on signing in, registering, resetting and guessing passwords."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from messaging.models import Message
from shop.models import User
from tests.shop.limits.doors import PASSWORD, URGENT, member, refused, sign_in, signed_in, visitor

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORDS = {"old_password": "wrong", "new_password1": "x", "new_password2": "x"}
#: The account's pages that ask for the password, with a wrong one.
PASSWORD_PAGES = {
    "/account/details/": {"name": "A", "email": "new@example.com", "password": "wrong"},
    "/account/delete/": {"password": "wrong"},
    "/account/password/": PASSWORDS,
}


class TestSignIn:
    def test_a_locked_account_is_open_to_others(self):
        member("admin", is_staff=True)
        for _ in range(12):
            answer = sign_in(visitor(1), "admin", "wrong", "/admin/login/")
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) == 900
        assert 'name="username" value="admin"' in answer.content.decode()
        assert "wrong" not in answer.content.decode()
        assert sign_in(visitor(1), "admin", PASSWORD).status_code == 429
        assert sign_in(visitor(2), "admin", PASSWORD).status_code == 302

    def test_name_and_address_of_an_account_are_counted_together(self, settings):
        settings.AXES_FAILURE_LIMIT = 4
        member("ada", email="ada@example.com")
        for name in ("ada", "ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"):
            answer = sign_in(visitor(1), name, "wrong")
        assert answer.status_code == 429

    def test_one_client_tries_only_so_many_names_at_all_doors_together(self):
        client = visitor(1)
        for n in range(17):
            sign_in(client, f"user{n}", "wrong")
            sign_in(client, f"admin{n}", "wrong", "/admin/login/")
            body = {"username": f"token{n}", "password": "wrong"}
            answer = client.post("/api/v1/auth/token/", body, content_type="application/json")
        refused(answer)
        member("ada")
        assert sign_in(client, "ada", PASSWORD).status_code == 429
        assert sign_in(visitor(2), "ada", PASSWORD).status_code == 302


class TestAccounts:
    def register(self, client: Client, email: str) -> Any:
        return client.post("/account/register/", {"name": "Ada", "email": email, "password": PASSWORD})

    def test_registrations_are_limited_whether_or_not_the_address_is_taken(self):
        member("taken@example.com", email="taken@example.com", date_joined=timezone.now() - timedelta(minutes=1))
        for _ in range(10):
            assert "There is already an account" in self.register(visitor(1), "taken@example.com").content.decode()
        for email in ("taken@example.com", "free@example.com"):
            answer = self.register(visitor(1), email)
            assert answer.status_code == 429
            assert f'name="email" value="{email}"' in answer.content.decode()
            assert "There is already an account" not in answer.content.decode()
            assert PASSWORD not in answer.content.decode()
        assert self.register(visitor(2), "free@example.com").status_code == 302

    def test_a_name_cannot_carry_a_link(self):
        answer = visitor(1).post("/account/register/", URGENT | {"email": "a@example.com", "password": PASSWORD})
        assert "Must not contain web addresses." in answer.content.decode()
        assert not User.objects.exists()

    def test_resets_are_limited_for_a_client(self):
        answers = [visitor(1).post("/account/reset/", {"email": f"{n}@example.com"}) for n in range(11)]
        assert [answer.status_code for answer in answers] == [302] * 10 + [429]

    def test_an_address_gets_only_so_many_resets_and_the_answer_does_not_tell(self):
        member("ada", email="ada@example.com")
        answers = []
        for n in range(8):
            answers += [visitor(n).post("/account/reset/", {"email": "Ada@example.com"}) for _click in range(2)]
            Message.objects.update(created_at=F("created_at") - timedelta(minutes=1))
        assert {answer.status_code for answer in answers} == {302}
        assert Message.objects.filter(task="shop.send_password_reset").count() == 5

    @pytest.mark.parametrize(("path", "typed"), PASSWORD_PAGES.items())
    def test_a_password_is_not_guessed_on_the_account_pages(self, path, typed):
        ada = member()
        thief = signed_in(ada)
        answers = [thief.post(path, typed) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        elsewhere = signed_in(ada)
        elsewhere.defaults["HTTP_X_FORWARDED_FOR"] = "198.51.100.7"
        assert elsewhere.post(path, typed).status_code == 200

    def test_the_password_is_not_guessed_in_the_admin(self):
        thief = signed_in(member("boss", is_staff=True))
        answers = [thief.post("/admin/password_change/", PASSWORDS) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert Client().get("/admin/password_change/").status_code == 302

    def test_all_pages_that_ask_for_the_password_count_together(self):
        thief = signed_in(member("boss", is_staff=True))
        pages = [*PASSWORD_PAGES.items(), ("/admin/password_change/", PASSWORDS)] * 3
        answers = [thief.post(path, typed) for path, typed in pages]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2

    def test_a_mailbox_gets_only_so_many_links_for_however_many_accounts(self):
        for n in range(7):
            ada = signed_in(member(f"ada{n}", email=f"old{n}@example.com"))
            new = {"name": "Ada", "email": f"v.ictim+{n}@example.com", "password": PASSWORD}
            answer = ada.post("/account/details/", new)
        assert answer.status_code == 429
        assert User.objects.filter(new_email="").count() == 2
