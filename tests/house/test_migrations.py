"""Migrations: one initial migration per app, and every migration can be reversed."""

import os
import subprocess
import sys

from tests.stack.program import PROJECT as ROOT

SCRIPT = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
for app in ("operations", "messaging", "shipping", "payments", "shop", "orders"):
    call_command("migrate", app, "zero", verbosity=0)
call_command("migrate", verbosity=0)
"""


def test_every_migration_is_reversible(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CONVEYOR_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/migrations.sqlite3",
        "SECRET_KEY": "tests-only-tests-only-tests-only-tests-only-tests-only",
    }

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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
