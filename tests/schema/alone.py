"""Programs that migrate back and forth, each on a database of its own.

In the tests' own database, one failure between the two would let every later test of the process fail.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.stack.database import PostgresqlDatabase, SqliteFile
from tests.stack.program import PROJECT

#: Django 6.1 replaces the EMAIL_ settings by MAILERS, which 5.2 LTS does not have.
MAILERS = "ignore:The EMAIL_"


def run_alone(program: str, folder: Path) -> None:
    """Run the module `program` on a new, migrated database of the tests' own kind; fail with what it prints."""
    with _database(folder) as url:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url}
        command = [sys.executable, "-W", "error", "-W", MAILERS, "-m", program]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    database = PostgresqlDatabase() if connection.vendor == "postgresql" else SqliteFile(folder)
    database.create()
    try:
        yield database.url
    finally:
        database.drop()
