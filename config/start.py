"""What happens at `make run`? Check the settings, prepare database and demo shop, and hand over to supervisord."""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable
from io import StringIO

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError

from config import env, valkey
from config.processes import HOST, processes, shown, tool
from config.supervision import write_configuration


def run() -> None:
    """Prepare everything, then become supervisord; raises `ImproperlyConfigured` with one sentence where it cannot."""
    port = env.integer("PORT", default=8000, minimum=1, maximum=65535)
    _check_port(port)
    _check_nobody_else_runs_here()
    if not env.text("BROKER_URL"):
        valkey.server_binary()
        valkey.reclaim(folder=env.var_dir())
    django.setup()
    _prepare()
    configuration = write_configuration(processes(), folder=env.var_dir(), project=env.BASE_DIR)
    _tell(port)
    _become_supervisord(str(configuration))


def _check_port(port: int) -> None:
    if not valkey.port_is_free(port):
        raise ImproperlyConfigured(
            f"Port {port} is in use by another program. Stop that one, or set PORT to a free port, such as "
            f"`make run PORT={port + 1 if port < 65535 else 8000}`."
        )


def _check_nobody_else_runs_here() -> None:
    """Two supervisors over one database and one broker would start every process twice."""
    with socket.socket(socket.AF_UNIX) as control:
        try:
            control.connect(str(env.var_dir() / "supervisor.sock"))
        except OSError:
            return
    raise ImproperlyConfigured(
        f"It already runs with its data in {env.var_dir()}. Stop that one, or set CONVEYOR_VAR to another folder."
    )


def _prepare() -> None:
    try:
        _step("database", lambda: call_command("migrate", verbosity=0, interactive=False))
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise ImproperlyConfigured(f"The database does not answer. Check DATABASE_URL: {reason}") from error
    _step("static files", lambda: call_command("collectstatic", verbosity=0, interactive=False))
    if settings.CONVEYOR_DEMO:
        _step("demo shop", lambda: call_command("seed_demo", verbosity=0, stdout=StringIO()))


def _step(name: str, work: Callable[[], object]) -> None:
    print(f"Preparing the {name} ...", end=" ", flush=True)
    began = time.monotonic()
    work()
    print(f"done in {time.monotonic() - began:.1f} s", flush=True)


def _tell(port: int) -> None:
    address = f"http://{HOST}:{port}"
    print(
        f"""
Conveyor runs. Ctrl-C stops it.

  shop        {address}/
  admin       {address}/admin/
  API         {address}/api/docs/"""
    )
    if settings.CONVEYOR_DEMO:
        print("  logins      admin, operator, support, shopper; each with its name as password")
    print(
        f"""  e-mails     {shown(settings.VAR_DIR)}/mail/
  logs        {shown(settings.VAR_DIR)}/log/
  processes   {shown(tool("supervisorctl"))} -c {shown(settings.VAR_DIR)}/supervisord.conf status
"""
    )
    if os.geteuid() == 0:
        print("The workers run as root. That is fine for a look; give them a user of their own in production.\n")
    sys.stdout.flush()


def _become_supervisord(configuration: str) -> None:
    """supervisord takes this process's place, so that Ctrl-C and SIGTERM reach it directly."""
    flags = fcntl.fcntl(1, fcntl.F_GETFL)
    fcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_APPEND)  # console and supervisord may both write to one file
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", configuration])
