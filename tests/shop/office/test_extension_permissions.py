"""Permissions of extensions: granted to staff groups when they are created, and not again."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_migrate

from shop.office import extension_permissions
from shop.office.staff import OPERATORS, SUPPORT, create_groups

pytestmark = pytest.mark.django_db
VIEW, ACT = "view_order", "delete_order"


@pytest.fixture(autouse=True)
def _declared(settings):
    """Declares permissions in the name of an app whose permissions exist, so that they can be created anew."""
    settings.SHOP_EXTENSION_PERMISSIONS = {"orders": ((VIEW,), (ACT,))}


def migrate() -> None:
    config = apps.get_app_config("orders")
    post_migrate.send(sender=config, app_config=config, verbosity=0, interactive=False, using="default")


def granted(name: str) -> set[str]:
    return set(
        Group.objects.get(name=name)
        .permissions.filter(content_type__app_label="orders", codename__in=(VIEW, ACT))
        .values_list("codename", flat=True)
    )


def forget_permissions() -> None:
    Permission.objects.filter(content_type__app_label="orders").delete()


def test_new_groups_get_them(settings):
    assert set(extension_permissions.of_group(OPERATORS)) == {"orders.view_order", "orders.delete_order"}
    create_groups()
    assert granted(OPERATORS) == {VIEW, ACT}
    assert granted(SUPPORT) == {VIEW}


def test_the_migration_that_creates_them_grants_them_to_existing_groups():
    create_groups()
    forget_permissions()
    migrate()
    assert granted(OPERATORS) == {VIEW, ACT}
    assert granted(SUPPORT) == {VIEW}


def test_what_an_administrator_took_away_stays_away():
    create_groups()
    Group.objects.get(name=SUPPORT).permissions.clear()
    migrate()
    assert granted(SUPPORT) == set()


def test_other_apps_and_groups_are_left_alone(settings):
    create_groups()
    Group.objects.create(name="Auditors")
    forget_permissions()
    settings.SHOP_EXTENSION_PERMISSIONS = {}
    migrate()
    assert granted(OPERATORS) == granted("Auditors") == set()
    assert Permission.objects.filter(codename=ACT).exists()


def test_a_permission_that_no_model_has_is_an_error_of_the_check(settings):
    assert extension_permissions.check_declared() == []
    settings.SHOP_EXTENSION_PERMISSIONS = {"orders": ((VIEW,), ("view_oder",)), "payments": ((), ("refund_payment",))}
    (error,) = extension_permissions.check_declared()
    assert "app orders declares the permission 'view_oder'" in error.msg
