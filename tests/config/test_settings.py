"""Invalid environment variables: one-line errors that name the variable, never a traceback."""

import os
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.stack.program import PROJECT

INVALID = [
    ("PORT", "eighty"),
    ("PORT", "70000"),
    ("DEBUG", "maybe"),
    ("DATABASE_URL", "mysql://root@127.0.0.1/shop"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("BROKER_URL", "kafka://127.0.0.1"),
    ("BROKER_URL", "amqp://"),
    ("BROKER_URL", "redis://127.0.0.1/shop"),
    ("CACHE_URL", "memcached://127.0.0.1"),
    ("CACHE_URL", "redis://:port"),
    ("CACHE_URL", "redis://127.0.0.1/-1"),
    ("HOST", "shop.example"),
    ("CONVEYOR_TRUSTED_PROXIES", "proxy.example"),
    ("CONVEYOR_LIMITS", "off"),
    ("EMAIL_URL", "mail.example.com"),
    ("EMAIL_URL", "smtp://host:port"),
    ("SECRET_KEY", "short"),
    ("SECRET_KEY_FALLBACKS", f"{'long' * 10},short"),
    ("QUEUE_TYPE", "stream"),
    ("PAYMENT_GATEWAY", "barter"),
    ("CONVEYOR_PUBLISH", "fax"),
    ("LOG_LEVEL", "LOUD"),
    ("CONVEYOR_RETRY_MAX_ATTEMPTS", "2.5"),
    ("CONVEYOR_VISIBILITY", "-1"),
    ("CONVEYOR_RESERVATION_SECONDS", "a day"),
    ("CONVEYOR_RESERVATION_SECONDS", "0"),
    ("CONVEYOR_SELLER_NAME", "Lamps\nBcc: all@shop.example"),
    ("CONVEYOR_SELLER_EMAIL", "nobody"),
    ("SHOP_CURRENCY", "EURO"),
    ("SHOP_CURRENCY", "XXX"),
    ("SHOP_TIME_ZONE", "Mars/Olympus"),
    ("SHOP_TAX_COUNTRY", "Germany"),
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


PROGRAMS = [
    ("manage.py", "check"),
    ("-m", "config.run"),
    ("-m", "config.processes", "--list"),
    ("-m", "config.processes", "--run", "web"),
    ("-m", "config.serve", "config.web:application"),
    (str(Path(sys.executable).with_name("celery")), "-A", "config", "worker", "-Q", "payments"),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_folder_of_runtime_data_that_cannot_be_created_is_named_in_one_sentence(tmp_path, program):
    (tmp_path / "file").touch()
    done = run(tmp_path / "file" / "var", *program)
    assert done.returncode == 1
    assert f"CONVEYOR_VAR is '{tmp_path / 'file' / 'var'}', which cannot be created: Not a directory." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_key_that_cannot_be_kept_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "secret_key").mkdir()
    done = run(tmp_path, "manage.py", "check", SECRET_KEY="")
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"manage.py: SECRET_KEY is not set, and {tmp_path / 'secret_key'} cannot be used: Is a"
    )
    assert len(done.stderr.strip().splitlines()) == 1


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


OWN = {"SITE_URL": "https://shop.example", "EMAIL_URL": "smtp+tls://mail.shop.example", "PAYMENT_GATEWAY": "stripe"}
OWN |= {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
OWN |= {"CONVEYOR_SELLER_EMAIL": "office@lamps.test", "CONVEYOR_SELLER_VAT_NUMBER": "DE123456789"}
STARTS = {
    "web": ("-m", "config.serve", "config.web:application"),
    "another web server": ("-c", "import config.wsgi"),
    "worker": ("-m", "celery", "-A", "config", "worker", "--pool", "solo"),
    "beat": ("-m", "celery", "-A", "config", "beat"),
    "everything": ("-m", "config.run"),
}
SIMULATED = {
    "PAYMENT_GATEWAY is 'simulated'": {"PAYMENT_GATEWAY": "simulated"},
    "SHIPPING_CARRIERS contains simulated carriers (Swiftpost)": {
        "SHIPPING_CARRIERS": "shipping.carriers.simulated.Swiftpost"
    },
    "EMAIL_URL is not set": {"EMAIL_URL": ""},
}


@pytest.mark.parametrize(
    ("start", "why"),
    [*((start, "PAYMENT_GATEWAY is 'simulated'") for start in STARTS), *(("web", why) for why in SIMULATED)],
)
def test_nothing_starts_that_would_give_goods_away(tmp_path, start, why):
    done = run(tmp_path, *STARTS[start], **OWN | SIMULATED[why] | {"CONVEYOR_DEMO": "0", "PORT": "8999"})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert why in last
    assert last.endswith("To try the shop out, set CONVEYOR_ALLOW_SIMULATED=1.")
    assert ("Traceback" in done.stderr) == (start == "another web server")


FILES = "django.core.files.storage.FileSystemStorage"


@pytest.mark.parametrize(
    ("start", "storage", "options", "why"),
    [
        *((start, "no_such_package.S3Storage", "{}", "No module named 'no_such_package'") for start in STARTS),
        ("web", FILES, '{"bucket": "hush"}', "unexpected keyword argument 'bucket'"),
    ],
)
def test_nothing_starts_whose_pictures_nobody_could_keep(tmp_path, start, storage, options, why):
    """Each page with an uploaded picture would be an error, and each upload fail."""
    pictures = {"CONVEYOR_MEDIA_STORAGE": storage, "CONVEYOR_MEDIA_OPTIONS": options}
    done = run(tmp_path, *STARTS[start], **OWN | pictures | {"PORT": "8999"})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert f"CONVEYOR_MEDIA_STORAGE is '{storage}', which cannot be used: " in last
    assert why in last
    assert "hush" not in last
    assert ("Traceback" in done.stderr) == (start == "another web server")


@pytest.mark.parametrize("allowed", [{"CONVEYOR_DEMO": "1"}, {"CONVEYOR_DEMO": "0", "CONVEYOR_ALLOW_SIMULATED": "1"}])
def test_what_is_simulated_starts_where_it_is_allowed(tmp_path, allowed):
    assert run(tmp_path, "-c", "import config.wsgi", **allowed).returncode == 0


@pytest.mark.parametrize(
    ("why", "allowed"),
    [
        (None, {}),
        *((why, {}) for why in SIMULATED),
        ("EMAIL_URL is not set", {"CONVEYOR_ALLOW_SIMULATED": "1"}),
        ("EMAIL_URL is not set", {"CONVEYOR_DEMO": "1"}),
    ],
)
def test_the_deployment_check_warns_of_what_is_simulated(tmp_path, why, allowed):
    simulated = SIMULATED[why] if why else {"SHIPPING_CARRIERS": "shipping.carriers.untracked.UntrackedPost"}
    strict = {"CONVEYOR_DEMO": "0", "CONVEYOR_HTTPS": "1", "DEBUG": "0", "SECRET_KEY": f"{string.printable[:62]}-"}
    done = run(tmp_path, "manage.py", "check", "--deploy", **strict | OWN | allowed | simulated)
    warnings = [line for line in done.stderr.splitlines() if "shop.W001" in line]
    assert done.returncode == 0
    assert (done.stderr == "") == (why is None), done.stderr
    assert (why or "") in "".join(warnings)


@pytest.mark.parametrize("paths", ["nope", "shipping.carriers.nope.Post", "shipping.carriers.untracked.Nope", "a b.c"])
def test_carriers_that_cannot_be_imported_are_named(tmp_path, paths):
    done = run(tmp_path, "manage.py", "check", SHIPPING_CARRIERS=paths)
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: SHIPPING_CARRIERS contains ")
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_read_enough_ends_a_command_without_a_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "manage.py", "version"]
        done = subprocess.run(
            command, cwd=PROJECT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("value", ["smtp", "os.path", "django.core.mail.backends.fax.EmailBackend"])
def test_outside_the_demo_what_is_no_email_backend_stops_the_start(tmp_path, value):
    done = run(tmp_path, "manage.py", "check", EMAIL_BACKEND=value, CONVEYOR_DEMO="0")
    assert done.returncode == 1
    assert done.stderr.startswith(f"manage.py: EMAIL_BACKEND is {value!r}, which is not an e-mail backend: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_interrupted_command_ends_without_a_traceback(tmp_path):
    done = run(tmp_path, "manage.py", "shell", "--command", "raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "manage.py: interrupted. What was done by then is kept.\n")
