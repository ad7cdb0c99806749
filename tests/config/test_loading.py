"""What each process loads, and what those that fork share."""

import gc
import os
import subprocess
import sys

import pytest
from celery.signals import worker_before_create_process
from django.core import checks

from config import processes
from messaging.management.commands.relay import Command
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.stack.program import PROJECT

SETTINGS = "config.settings"
BROKEN = """from config.settings import *
MIDDLEWARE = [name for name in MIDDLEWARE if "Session" not in name]
"""


def run(*command, **variables):
    env = {name: value for name, value in os.environ.items() if name not in {"BROKER_URL", "DATABASE_URL"}} | variables
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def loaded(code):
    """Names of the modules in a new process after `code`."""
    done = run("-c", f"import sys; {code}; print(*sys.modules)", DJANGO_SETTINGS_MODULE=SETTINGS)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "from config.celery import app; app.loader.import_default_modules()",
        "import django; django.setup(); import messaging.management.commands.relay",
    ],
    ids=["worker and beat", "relay"],
)
def test_a_process_without_pages_loads_neither_them_nor_what_only_they_use(code):
    modules = loaded(code)
    assert "payments.services" in modules
    assert not modules & {"config.urls", "shop.admin", "reportlab", "pypdf", "stripe", "redis", "rest_framework.views"}
    assert not modules & {"opentelemetry", "sentry_sdk", "pythonjsonlogger", "messaging.telemetry.traces"}


@pytest.mark.parametrize("module", ["config.console", "config.embedded_broker"])
def test_a_helper_process_does_not_load_celery(module):
    assert "celery" not in loaded(f"import {module}")


def test_the_relay_checks_the_settings_of_the_engine(settings):
    settings.CONVEYOR_VISIBILITY = 1
    found = checks.run_checks(tags=Command.requires_system_checks)
    assert [message.id for message in found] == ["messaging.W001"]


def test_a_pool_process_shares_what_its_worker_has_loaded():
    worker_before_create_process.send(sender=None)
    try:
        assert gc.get_freeze_count() > len(sys.modules)
    finally:
        gc.unfreeze()
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"DJANGO_SETTINGS_MODULE": "broken_settings"}, "admin.E410"),
        ({"DJANGO_SETTINGS_MODULE": SETTINGS, "PORT": "eighty"}, "PORT is 'eighty'; it must be a number"),
    ],
    ids=["fails Django's checks", "invalid"],
)
def test_the_web_server_refuses_wrong_settings(tmp_path, variables, reason):
    (tmp_path / "static").mkdir()
    (tmp_path / "broken_settings.py").write_text(BROKEN)
    command = processes.web(port=free_port()).command[1:]
    done = run(*command, **variables, PYTHONPATH=str(tmp_path), CONVEYOR_VAR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("The web server cannot start. ")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
