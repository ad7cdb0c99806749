"""`manage.py setup`: staff groups, the first administrator, exchange and queues. Idempotent."""

import getpass
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.setup.services import NewAdmin, SetupRefused, has_admin, set_up

#: Django's own name, which `createsuperuser` takes, too.
PASSWORD = "DJANGO_SUPERUSER_PASSWORD"  # noqa: S105 - a variable's name


class Command(BaseCommand):
    #: All checks would import every page.
    requires_system_checks = ["messaging"]
    help = (
        "Create the staff groups, an administrator, and the exchange and queues at the broker, as far as they are "
        f"missing. The administrator's password is read from {PASSWORD}, or asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin", metavar="NAME", help="user name of an administrator to create")
        parser.add_argument("--email", metavar="ADDRESS", help="the administrator's e-mail address")
        parser.add_argument(
            "--redeclare", action="store_true", help="delete empty queues that have other arguments, and declare them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["admin"]) != bool(options["email"]):
            raise CommandError("--admin and --email belong together.")
        try:
            admin = _admin(options["admin"], options["email"]) if options["admin"] else None
            for sentence in set_up(admin=admin, redeclare=options["redeclare"]):
                self.stdout.write(sentence)
        except SetupRefused as refused:
            raise CommandError(str(refused)) from refused


def _admin(name: str, email: str) -> NewAdmin:
    return NewAdmin(name, email) if has_admin(name) else NewAdmin(name, email, _password())


def _password() -> str:
    if password := os.environ.get(PASSWORD):
        return password
    if not sys.stdin.isatty():
        raise CommandError(f"The administrator needs a password. Set {PASSWORD}, or run this in a terminal.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise CommandError("The passwords differ. Nothing was changed.")
    return password
