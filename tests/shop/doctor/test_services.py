"""The doctor as a whole: total, in order, for people and for scripts."""

import json
import os
import subprocess
import sys

import pytest

from shop.doctor import services
from shop.doctor.findings import Finding
from tests.patience import PATIENCE
from tests.stack.program import PROJECT


def failing():
    raise KeyError("a bug\nin two lines")


def failing_halfway():
    yield Finding("a", "A.", "a")
    raise ValueError


@pytest.mark.parametrize(
    ("check", "why"), [(failing, "KeyError: 'a bug\\nin two lines'"), (failing_halfway, "ValueError")]
)
def test_whatever_a_check_raises_is_a_finding(check, why):
    [finding] = services.examine(check)
    assert finding.sentence == f"The check test_services.{check.__name__} failed with {why}."
    assert finding.fix == "LOG_LEVEL=DEBUG python manage.py doctor"


def test_the_first_gate_that_finds_something_stops_the_rest():
    asked = []

    def gate(name, *findings):
        def check():
            asked.append(name)
            return findings

        return check

    closed = Finding("closed", "Closed.", "open it")
    assert services.first_of((gate("open"), gate("closed", closed), gate("behind"))) == [closed]
    assert asked == ["open", "closed"]


def doctor(tmp_path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "CONVEYOR_VAR": str(tmp_path)} | variables
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *options], cwd=PROJECT, env=env, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


NOWHERE = {"DATABASE_URL": "postgres://a:s3cret@127.0.0.1:9/none", "BROKER_URL": "amqp://a:s3cret@127.0.0.1:9//"}


def test_without_database_and_broker_each_is_told_once(tmp_path):
    done = doctor(tmp_path, "--json", **NOWHERE)
    assert (done.returncode, done.stderr) == (1, "")
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert [finding["name"] for finding in answer["findings"]] == ["static-files", "database", "broker"]
    assert all(finding["sentence"].endswith(".") and finding["fix"] for finding in answer["findings"])
    assert "s3cret" not in done.stdout


def test_people_read_sentences_and_commands(tmp_path):
    done = doctor(tmp_path, **NOWHERE)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("The static file ")
    assert lines[1] == "    python manage.py collectstatic --no-input"
    assert lines[-1] == "3 found."
    assert "Traceback" not in done.stdout + done.stderr


def test_an_invalid_variable_is_told_before_everything_else(tmp_path):
    done = doctor(tmp_path, SITE_URL="shop.example")
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: SITE_URL is 'shop.example';")
