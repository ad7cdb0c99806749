"""Start of telemetry: whatever a package refuses is one sentence that names the variables, in every program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

import config.telemetry
from config import celery
from config.parts.telemetry import Telemetry
from config.telemetry import apps
from tests.patience import PATIENCE
from tests.stack.program import PROJECT


@pytest.fixture
def ready(settings, tmp_path):
    """Starts the app with these settings."""

    def start(**values):
        settings.TELEMETRY = Telemetry(traces_file=tmp_path / "traces.jsonl", **values)
        apps.TelemetryConfig("config.telemetry", config.telemetry).ready()

    return start


@pytest.mark.parametrize(
    ("variable", "value", "cause"),
    [
        ("OTEL_BSP_SCHEDULE_DELAY", "-1", "ValueError: schedule_delay_millis must be positive"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100000", "ValueError: max_export_batch_size must be less than"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "ValueError: max_queue_size must be a positive integer"),
    ],
)
def test_a_value_that_the_sdk_refuses_is_a_sentence_with_the_variable(ready, monkeypatch, variable, value, cause):
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=secret")
    with pytest.raises(ImproperlyConfigured) as refused:
        ready(traces="file")
    sentence = str(refused.value)
    assert sentence.startswith(f"Traces cannot start ({cause}")
    assert variable in sentence.partition("; correct or unset ")[2]
    assert "secret" not in sentence


def test_a_dsn_that_sentry_refuses_is_a_sentence(ready):
    with pytest.raises(ImproperlyConfigured) as refused:
        ready(sentry_dsn="https://@sentry.example/1")
    assert str(refused.value) == (
        "Reports to Sentry cannot start (BadDsn: Missing public key); correct or unset SENTRY_DSN."
    )


@pytest.mark.parametrize("error", [StopIteration(), ImportError("no module\nhere." + "x" * 9999), MemoryError()])
def test_any_error_is_one_line_of_bounded_length(ready, monkeypatch, error):
    def start(telemetry):
        raise error

    monkeypatch.setattr(apps, "start_sentry", start)
    with pytest.raises(ImproperlyConfigured) as refused:
        ready(sentry_dsn="https://key@sentry.example/1")
    assert str(refused.value).splitlines() == [str(refused.value)]
    assert len(str(refused.value)) < 500
    assert refused.value.__cause__ is error


CELERY = str(Path(sys.executable).with_name("celery"))


@pytest.mark.parametrize(
    ("command", "variable", "value", "cause"),
    [
        ([sys.executable, "manage.py", "check"], "OTEL_PYTHON_DJANGO_EXCLUDED_URLS", "(", "error: missing )"),
        ([CELERY, "-A", "config", "beat"], "OTEL_PROPAGATORS", "nope", "ValueError: Propagator nope not found"),
        ([CELERY, "-A", "config", "worker"], "OTEL_PROPAGATORS", "nope", "ValueError: Propagator nope not found"),
    ],
    ids=["manage", "beat", "worker"],
)
def test_a_program_ends_with_the_sentence_and_no_traceback(tmp_path, command, variable, value, cause):
    env = os.environ | {"CONVEYOR_VAR": str(tmp_path), "CONVEYOR_DEMO": "1", "OTEL_TRACES_EXPORTER": "file"}
    ended = subprocess.run(
        command, env=env | {variable: value}, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert f"Traces cannot start ({cause}" in ended.stderr.splitlines()[-1]
    assert variable in ended.stderr.splitlines()[-1]


def test_a_wrong_setting_ends_celery_with_its_sentence(tmp_path):
    env = os.environ | {"CONVEYOR_VAR": str(tmp_path), "CONVEYOR_DEMO": "1", "SENTRY_DSN": "https://@sentry.example/1"}
    ended = subprocess.run(
        [CELERY, "-A", "config", "worker"],
        env=env, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
    assert ended.stderr.splitlines()[-1].startswith("This process cannot start. SENTRY_DSN is not a valid DSN")


def test_other_errors_of_celery_keep_their_traceback(capsys):
    for error in (ImproperlyConfigured("BROKER_URL is wrong."), ValueError("a bug")):
        celery._explain(type(error), error, None)
    assert capsys.readouterr().err.splitlines() == [
        "This process cannot start. BROKER_URL is wrong.",
        "ValueError: a bug",
    ]
