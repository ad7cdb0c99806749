"""Accounts that several people change at once: nobody undoes what another one did."""

from typing import Any

import pytest
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group
from django.db import DatabaseError
from django.test import Client

from shop.accounts.forms import ChangePasswordForm, NewPasswordForm, OperatorsPasswordForm
from shop.models import Category, User
from tests.factories import UserFactory, client_with

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "bellows-42"
NO_TEXTS = {f"texts-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
NEW = {"new_password1": "bellows-42", "new_password2": "bellows-42"}
FORMS = [
    (ChangePasswordForm, NEW | {"old_password": "right"}),
    (NewPasswordForm, NEW),
    (OperatorsPasswordForm, {"password1": "bellows-42", "password2": "bellows-42", "usable_password": "true"}),
]


@pytest.fixture
def ada() -> User:
    user = UserFactory.create(username="ada")
    user.set_password("right")
    user.save()
    return user


def opened(client: Client, user: User) -> dict[str, Any]:
    """The form of the admin's page, as a browser would send it."""
    form = client.get(url(user)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if name != "password"}
    return {name: value for name, value in values.items() if value}


def url(user: User) -> str:
    return f"/admin/shop/user/{user.pk}/change/"


@pytest.fixture
def admin() -> Client:
    return client_with("view_user", "change_user")


@pytest.mark.parametrize(("form", "data"), FORMS)
def test_a_new_password_does_not_activate_an_account_that_was_deactivated_meanwhile(ada, form, data):
    changed = form(ada, data)
    assert changed.is_valid(), changed.errors
    User.objects.filter(pk=ada.pk).update(is_active=False, email="new@example.com")
    changed.save()
    ada.refresh_from_db()
    assert (ada.is_active, ada.email) == (False, "new@example.com")
    assert ada.check_password("bellows-42")


@pytest.mark.parametrize(("form", "data"), FORMS)
def test_a_new_password_does_not_bring_an_erased_account_back(ada, form, data):
    changed = form(ada, data)
    assert changed.is_valid(), changed.errors
    User.objects.filter(pk=ada.pk).delete()
    with pytest.raises(DatabaseError):
        changed.save()
    assert not User.objects.filter(username="ada").exists()


def test_the_shops_own_forms_are_used(ada, admin):
    assert isinstance(admin.get(f"/admin/shop/user/{ada.pk}/password/").context["form"], OperatorsPasswordForm)
    client = Client()
    client.force_login(ada)
    assert isinstance(client.get("/account/password/").context["form"], ChangePasswordForm)


def test_a_stale_page_does_not_undo_what_a_colleague_changed(ada, admin):
    stale = opened(admin, ada)
    assert admin.post(url(ada), opened(admin, ada) | {"last_name": "King"}).status_code == 302
    assert "Somebody changed it after you opened this page." in admin.post(url(ada), stale).text
    ada.refresh_from_db()
    assert ada.last_name == "King"


def test_a_sign_in_or_a_new_password_makes_no_page_stale(ada, admin):
    page = opened(admin, ada)
    assert Client().post("/account/login/", {"username": "ada", "password": "right"}).status_code == 302
    ada.set_password("bellows-42")
    ada.save(update_fields=["password"])
    assert admin.post(url(ada), page | {"last_name": "King"}).status_code == 302
    ada.refresh_from_db()
    assert (ada.last_name, ada.check_password("bellows-42")) == ("King", True)


def test_the_second_of_two_clicks_is_no_stale_page(ada, admin):
    form = opened(admin, ada) | {"last_name": "King"}
    assert [admin.post(url(ada), form).status_code for _click in range(2)] == [302, 302]


@pytest.mark.parametrize(
    ("path", "data", "model"),
    [
        (
            "shop/user",
            {"username": "zoe", "usable_password": "true"} | dict.fromkeys(("password1", "password2"), GOOD),
            User,
        ),
        ("auth/group", {"name": "packers"}, Group),
        ("shop/category", {"name": "Lamps", "slug": "lamps", "position": 0, "palette": "blue"} | NO_TEXTS, Category),
    ],
)
def test_what_two_add_at_once_is_added_once_and_the_second_reads_so(path, data, model, monkeypatch):
    """The second has passed its own check when the first saves."""
    client, unique = client_with("add_user", "change_user", "add_group", "add_category"), model.validate_unique

    def validate_unique(row: Any, exclude: Any = None) -> None:
        monkeypatch.setattr(model, "validate_unique", unique)

    first = client.post(f"/admin/{path}/add/", data)
    monkeypatch.setattr(model, "validate_unique", validate_unique)
    monkeypatch.setattr(UserCreationForm, "clean_username", lambda form: form.cleaned_data["username"])
    second = client.post(f"/admin/{path}/add/", data)
    assert ([first.status_code, second.status_code], "already exists" in second.text) == ([302, 200], True)
    assert model.objects.filter(**{name: data[name] for name in ("username", "slug") if name in data}).count() == 1
