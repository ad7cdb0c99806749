"""Prepares a stack: migrations, static files, demo shop. Runs as a program in the stack's environment."""

import os

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("seed_demo", without_orders=True, verbosity=0)


if __name__ == "__main__":
    main()
