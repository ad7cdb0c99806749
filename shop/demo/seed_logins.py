"""Creates the demo logins."""

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from shop.models import User
from shop.office.staff import OPERATORS, SUPPORT


@dataclass(frozen=True, slots=True)
class Login:
    """A demo login. The password equals the user name."""

    name: str
    group: str = ""
    is_staff: bool = False
    is_superuser: bool = False


LOGINS = (
    Login("admin", is_staff=True, is_superuser=True),
    Login("operator", group=OPERATORS, is_staff=True),
    Login("support", group=SUPPORT, is_staff=True),
    Login("shopper"),
)


def create_logins() -> list[str]:
    """Create missing logins. Returns their names."""
    missing = [login for login in LOGINS if not User.objects.filter(username=login.name).exists()]
    for login in missing:
        _create(login)
    return [login.name for login in missing]


@transaction.atomic
def _create(login: Login) -> None:
    """With its group: a login that exists is left as it is."""
    user = User.objects.create_user(
        username=login.name,
        email=f"{login.name}@conveyor.example",
        password=login.name,
        is_staff=login.is_staff,
        is_superuser=login.is_superuser,
    )
    if login.group:
        user.groups.add(Group.objects.get(name=login.group))
