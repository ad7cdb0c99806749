"""What each process loads, and what those that fork share."""

import gc
import os
import shlex
import subprocess
import sys
from types import SimpleNamespace

import pytest
from celery.signals import worker_before_create_process
from django.core import checks

from config import processes, supervisor
from config.parts import telemetry
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


def test_a_process_with_pages_loads_the_libraries_of_few_requests_with_the_first_of_them():
    modules = loaded("import django; django.setup(); import config.urls")
    assert {"shop.invoices.views", "shipping.admin.printing", "payments.views", "payments.gateways"} <= modules
    assert not modules & {"reportlab", "pypdf", "stripe"}


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


FORK = """
import atexit, os, signal, sys
from config.processes import Process
from config.supervisor import become
signal.signal(signal.SIGTERM, print)
atexit.register(print, "at exit", flush=True)
if not (child := os.fork()):
    command = [*sys.argv[1:], "a b"]
    become(Process(name="program", command=command, nice=3), os.environ | {"OF_ITS_OWN": "1"})
print("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0)
"""
PROGRAM = """
import os, signal, sys, threading, time
from pathlib import Path
from django.core.exceptions import ImproperlyConfigured
print(__name__, *sys.argv[1:], os.environ["OF_ITS_OWN"], os.nice(0), signal.getsignal(signal.SIGTERM).name)
print(Path("/proc/self/cmdline").read_text().rstrip(chr(0)))
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks only on Linux")
@pytest.mark.parametrize(
    ("ending", "status", "said_last"),
    [
        ("", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('A sentence.')", 1, "A sentence."),
        ("raise ValueError('Bad.')", 1, "ValueError: Bad."),
        ("raise ImproperlyConfigured('Bad.')", 1, "This process cannot start. Bad."),
    ],
)
@pytest.mark.parametrize("as_module", [True, False], ids=["module", "file"])
def test_a_fork_runs_a_program_as_a_new_interpreter_would(tmp_path, as_module, ending, status, said_last):
    program = tmp_path / "some_program.py"
    program.write_text(PROGRAM + ending)
    command = ["-m", "some_program"] if as_module else [str(program)]
    variables = {"PYTHONPATH": f"{tmp_path}:{PROJECT}", "DJANGO_SETTINGS_MODULE": SETTINGS}
    done = run("-c", FORK, sys.executable, *command, **variables)
    said = done.stdout.splitlines()
    assert said[:2] == [f"__main__ a b 1 {os.nice(0) + 3} SIG_DFL", shlex.join([sys.executable, *command, "a b"])], (
        done.stderr
    )
    assert said[2:] == ["thread", "at exit", f"status {status}"]
    assert (done.stderr.splitlines() or [""])[-1] == said_last


OPENED = """
import os
from config import supervisor
supervisor.load()
other = os.open(os.devnull, os.O_RDONLY)
options = object.__new__(supervisor.ForkingOptions)
options.minfds = 64
options.cleanup_fds()
for number in range(3, 64):
    options.close_fd(number)
print(len(options.kept), supervisor.open_files() - {0, 1, 2} == options.kept, other in options.kept)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks only on Linux")
def test_a_fork_keeps_the_files_that_the_shop_has_opened_and_no_others(tmp_path):
    done = run("-c", OPENED, DJANGO_SETTINGS_MODULE=SETTINGS, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    opened, are_kept, other = done.stdout.split()
    assert int(opened) >= 2, "a lock and a file of metrics"
    assert (are_kept, other) == ("True", "False"), done.stderr


def test_what_starts_threads_as_it_is_loaded_is_not_forked(monkeypatch):
    assert supervisor.can_fork() == (sys.platform == "linux")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "darwin")
        assert not supervisor.can_fork()
    monkeypatch.setattr(supervisor, "settings", SimpleNamespace(INSTALLED_APPS=[telemetry.APP]))
    assert not supervisor.can_fork()


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
