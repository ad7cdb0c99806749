"""Permissions of extensions: granted to the staff groups once, when a migration creates them."""

from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.contrib.auth.management import create_permissions
from django.core import checks
from django.db import transaction

OPERATORS, SUPPORT = "Operators", "Support"


def of_group(name: str) -> list[str]:
    """Permissions that extensions declare for a staff group, as `app.codename`."""
    declared = settings.SHOP_EXTENSION_PERMISSIONS.items()
    return [
        f"{label}.{codename}"
        for label, (views, actions) in declared
        for codename in (*views, *(actions if name == OPERATORS else ()))
    ]


@checks.register("extensions")
def check_declared(**_options: Any) -> list[checks.CheckMessage]:
    """A declared permission that no model has would be granted to nobody."""
    return [
        checks.Error(
            f"The app {label} declares the permission {codename!r}, which none of its models has.",
            hint="Correct `views` or `actions` in its apps.py, or add it to `permissions` in the model's Meta.",
            id="shop.E001",
        )
        for label, (views, actions) in settings.SHOP_EXTENSION_PERMISSIONS.items()
        for codename in (*views, *actions)
        if codename not in _of_models(label)
    ]


def _of_models(label: str) -> set[str]:
    options = [model._meta for model in apps.get_app_config(label).get_models()]
    own = {codename for each in options for codename, _ in each.permissions}
    return own | {get_permission_codename(act, each) for each in options for act in each.default_permissions}


def grant(*, app_config: AppConfig, using: str, apps: Apps = apps, **kwargs: Any) -> None:
    """Create the permissions of an extension, and grant new ones to the staff groups that exist.

    One that existed before stays as administrators have set it since. Of a model's permission that is declared only
    in a later release, administrators decide.
    """
    if app_config.label not in settings.SHOP_EXTENSION_PERMISSIONS:
        return
    try:
        group_model, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # a partial migration, before that of `auth`
        return
    own = permission.objects.using(using).filter(content_type__app_label=app_config.label)
    with transaction.atomic(using=using):
        before = list(own.values_list("pk", flat=True))
        create_permissions(app_config, using=using, apps=apps, verbosity=0)
        created = list(own.exclude(pk__in=before))
        for group in group_model.objects.using(using).filter(name__in=(OPERATORS, SUPPORT)):
            wanted = set(of_group(group.name))
            group.permissions.add(*(each for each in created if f"{app_config.label}.{each.codename}" in wanted))
