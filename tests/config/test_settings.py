"""Invalid environment variables: one-line errors that name the variable, never a traceback."""

import os
import subprocess
import sys

import pytest

from tests.patience import PATIENCE
from tests.stack.program import PROJECT

INVALID = [
    ("PORT", "eighty"),
    ("PORT", "70000"),
    ("DEBUG", "maybe"),
    ("DATABASE_URL", "mysql://root@127.0.0.1/shop"),
    ("DATABASE_URL", "nonsense"),
    ("BROKER_URL", "kafka://127.0.0.1"),
    ("BROKER_URL", "amqp://"),
    ("CACHE_URL", "memcached://127.0.0.1"),
    ("CACHE_URL", "redis://:port"),
    ("EMAIL_URL", "mail.example.com"),
    ("EMAIL_URL", "smtp://host:port"),
    ("SECRET_KEY", "short"),
    ("QUEUE_TYPE", "stream"),
    ("PAYMENT_GATEWAY", "barter"),
    ("CONVEYOR_PUBLISH", "fax"),
    ("LOG_LEVEL", "LOUD"),
    ("CONVEYOR_RETRY_MAX_ATTEMPTS", "2.5"),
    ("CONVEYOR_VISIBILITY", "-1"),
    ("CONVEYOR_RESERVATION_SECONDS", "a day"),
    ("CONVEYOR_RESERVATION_SECONDS", "0"),
]


def run(tmp_path, *command, **variables):
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "CONVEYOR_VAR": str(tmp_path), **variables}
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_a_command_names_the_invalid_variable_in_one_sentence(tmp_path, name, value):
    done = run(tmp_path, "manage.py", "check", **{name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_invalid_cache_is_refused_in_debug_mode_too(tmp_path):
    done = run(tmp_path, "manage.py", "check", CACHE_URL="memcached://127.0.0.1", DEBUG="1")
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: CACHE_URL is not a valid cache URL;")


def test_startup_names_the_invalid_variable_in_one_sentence(tmp_path):
    done = run(tmp_path, "-m", "config.run", PORT="eighty")
    assert done.returncode == 1
    assert done.stderr == "Conveyor cannot start. PORT is 'eighty'; it must be a number, such as 8000.\n"


@pytest.mark.parametrize("value", ["on_commit", "naive"])
def test_publishing_without_the_ledger_is_for_demo_mode_only(tmp_path, value):
    done = run(tmp_path, "manage.py", "check", CONVEYOR_PUBLISH=value, CONVEYOR_DEMO="0")
    assert done.returncode == 1
    assert done.stderr == (
        f"manage.py: CONVEYOR_PUBLISH is {value!r}; outside demo mode (CONVEYOR_DEMO=1) it must be 'ledger'.\n"
    )


def test_an_unreachable_database_is_reported_without_a_traceback(tmp_path):
    done = run(tmp_path, "-m", "config.run", DATABASE_URL="postgres://a:b@127.0.0.1:9/none")
    assert done.returncode == 1
    assert "Check DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
