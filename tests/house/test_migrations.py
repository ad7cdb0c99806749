"""Migrations: one initial migration per app, and every migration can be reversed."""

import os
import subprocess
import sys

import pytest

from tests.stack.program import PROJECT as ROOT

APPS = ("operations", "messaging", "shipping", "payments", "shop", "orders")


@pytest.mark.timeout(170)
def test_every_migration_is_reversible(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CONVEYOR_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/migrations.sqlite3",
        "SECRET_KEY": "tests-only-tests-only-tests-only-tests-only-tests-only",
    }

    def migrate(*arguments: str) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    migrate()
    for app in APPS:
        migrate(app, "zero")
    migrate()


def test_history_starts_with_one_initial_migration_and_what_must_be_sql():
    migrations = {
        path.relative_to(ROOT).as_posix()
        for app in ("messaging", "messaging/operations", "orders", "payments", "shipping", "shop")
        for path in (ROOT / app / "migrations").glob("0001_*.py")
    }
    assert migrations == {
        f"{app}/migrations/0001_initial.py"
        for app in ("messaging", "messaging/operations", "orders", "payments", "shipping", "shop")
    }
