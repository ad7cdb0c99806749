"""A migration waits for a table that a backup reads, and nobody waits behind the migration."""

import os
import threading
import time
from io import StringIO

import django
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.patience import PATIENCE, wait_for

_READ = "SELECT count(*) FROM orders_order"


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    if connection.vendor == "postgresql":
        wait_for_a_backup()


def wait_for_a_backup() -> None:
    import psycopg

    from shop.management.commands import migrate

    migrate.TRY_EVERY, migrate.GIVE_UP_AFTER = 0.1, 0.0
    with psycopg.connect(os.environ["DATABASE_URL"], application_name="pg_dump") as backup:
        backup.execute(_READ)
        with pytest.raises(CommandError, match=r"another session uses \(process \d+ of pg_dump, for \d+ s\)"):
            step_back()
        migrate.GIVE_UP_AFTER = PATIENCE
        said = StringIO()
        migration = threading.Thread(target=step_back, args=(said,))
        migration.start()
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as shopper:
            shopper.execute("SET statement_timeout = '20s'")
            wait_for(
                lambda: shopper.execute(_READ) and "Trying again" in said.getvalue(), what="it waits for the backup"
            )
            for _ in range(10):
                shopper.execute(_READ)
                time.sleep(0.1)
        assert migration.is_alive()
    migration.join(PATIENCE)
    assert not migration.is_alive()
    call_command("migrate", verbosity=0)


def step_back(said: StringIO | None = None) -> None:
    """Drops columns of `orders_order`."""
    try:
        call_command("migrate", "orders", "0004", verbosity=0, stderr=said or StringIO())
    finally:
        connection.close()


if __name__ == "__main__":
    main()
