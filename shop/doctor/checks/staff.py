"""Staff: somebody who may administer the shop, and the groups for everybody else."""

from collections.abc import Iterator

from django.conf import settings

from shop.demo.seed_logins import LOGINS
from shop.doctor.findings import Finding
from shop.models import User
from shop.office.staff import missing_groups

SETUP = "python manage.py setup"


def administrator() -> Iterator[Finding]:
    admins = User.objects.filter(is_superuser=True, is_staff=True, is_active=True)
    if not any(admin.has_usable_password() for admin in admins[:100]):
        sentence = "No administrator can sign in to the admin."
        yield Finding("administrator", sentence, f"{SETUP} --admin NAME --email ADDRESS")


def demo_passwords() -> Iterator[Finding]:
    """What a database that was once a demo's still has."""
    if settings.CONVEYOR_DEMO:
        return
    for user in User.objects.filter(username__in=[login.name for login in LOGINS], is_active=True).order_by("pk"):
        if user.check_password(user.username):
            sentence = f"The account {user.username} of the demo still has its name as password."
            yield Finding(f"password-{user.username}", sentence, f"python manage.py changepassword {user.username}")


def groups() -> Iterator[Finding]:
    if missing := missing_groups():
        yield Finding("groups", f"The staff groups {' and '.join(missing)} do not exist.", SETUP)
