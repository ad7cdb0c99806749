"""Two hosts migrate at once, as when they start together. Of a table that is filled in parts, each would fill all."""

import os
import threading
import time
from importlib import import_module
from typing import Any

import django
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.patience import PATIENCE


def main() -> None:
    django.setup()
    call_command("migrate", "orders", "0008_amount_lines", verbosity=0)
    if connection.vendor == "postgresql":
        migrate_twice()
        look_meanwhile()


def look_meanwhile() -> None:
    """Processes ask before they start, and wait for no one."""
    import psycopg

    from shop.management.commands import migrate

    migrate.GIVE_UP_AFTER = 0.0
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute(migrate._LOCK)
        with pytest.raises(SystemExit):
            call_command("migrate", check_unapplied=True, verbosity=0)
        with pytest.raises(CommandError, match="Another session migrates this database"):
            call_command("migrate", verbosity=0)


def migrate_twice() -> None:
    from shop.management.commands import migrate

    migrate.TRY_EVERY, migrate.GIVE_UP_AFTER = 0.1, PATIENCE
    step = import_module("orders.migrations.0008_fill_amount_lines").Migration.operations[0]
    fill, filled = step.code, []

    def fill_slowly(*arguments: Any) -> None:
        fill(*arguments)
        filled.append(arguments)
        time.sleep(1)

    step.code = fill_slowly
    both = [threading.Thread(target=step_forth) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert len(filled) == 1


def step_forth() -> None:
    try:
        call_command("migrate", "orders", "0008_fill_amount_lines", verbosity=0)
    finally:
        connection.close()


if __name__ == "__main__":
    main()
