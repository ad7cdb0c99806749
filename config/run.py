"""`make run`: checks the settings, prepares database and demo shop, then hands over to the supervisor."""

import fcntl
import os
import sys
import time
from collections.abc import Callable
from io import StringIO

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError

from config import embedded_broker, env, static_files
from config.processes import Process, installed_program, processes, relative_to_project
from config.supervision import control_socket, write_configuration

#: Celery warns about root at every start of a worker; `make run` prints one warning instead.
AS_ROOT = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}


def run() -> None:
    """Prepare everything, then replace this process by the supervisor.

    Raises `ImproperlyConfigured` with a one-sentence explanation when the shop cannot start.
    """
    port = env.port()
    _require_free_port(port)
    _require_single_instance()
    if not env.text("BROKER_URL"):
        embedded_broker.server_binary()
        embedded_broker.reclaim(folder=env.var_dir())
    django.setup()
    from shop.site import starting  # needs the apps

    starting.require_settings()
    _prepare()
    started = processes()
    configuration = write_configuration(started, folder=env.var_dir(), project=env.BASE_DIR)
    if settings.CONVEYOR_DEMO and (control := control_socket(configuration)):
        env.leave_note(control=control)
    _announce(port)
    _become_supervisor(str(configuration), started)


def _require_free_port(port: int) -> None:
    if not embedded_broker.port_is_free(port):
        raise ImproperlyConfigured(
            f"Port {port} is already in use. Stop the program that uses it, or choose another port: "
            f"`make run PORT={port + 1 if port < 65535 else 8000}`."
        )


def _require_single_instance() -> None:
    """Two supervisors over one database and one broker would start every process twice."""
    control = control_socket(env.var_dir() / "supervisord.conf")
    if control is not None and env.answers(control):
        raise ImproperlyConfigured(
            f"Another instance is already running with its data in {env.var_dir()}. "
            "Stop it, or set CONVEYOR_VAR to another directory."
        )
    (env.var_dir() / env.NOTE).unlink(missing_ok=True)


def _prepare() -> None:
    try:
        _step("Migrating the database", lambda: call_command("migrate", verbosity=0, interactive=False))
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise ImproperlyConfigured(f"The database is unreachable. Check DATABASE_URL: {reason}") from error
    _step("Collecting static files", static_files.collect)
    if settings.CONVEYOR_DEMO:
        _step("Seeding the demo shop", lambda: call_command("seed_demo", verbosity=0, stdout=StringIO()))


def _step(title: str, work: Callable[[], object]) -> None:
    print(f"{title} ...", end=" ", flush=True)
    began = time.monotonic()
    work()
    print(f"done in {time.monotonic() - began:.1f} s", flush=True)


def _announce(port: int) -> None:
    address, var = f"http://127.0.0.1:{port}", relative_to_project(settings.VAR_DIR)
    print(
        f"""
Conveyor is starting. Press Ctrl-C to stop it.

  Shop        {address}/
  Admin       {address}/admin/
  API docs    {address}/api/docs/"""
    )
    if settings.CONVEYOR_DEMO:
        print("  Logins      admin, operator, support, shopper (password = user name)")
    if "filebased" in settings.EMAIL_BACKEND:
        print(f"  E-mails     {var}/mail/")
    print(
        f"""  Logs        {var}/log/
  Processes   {relative_to_project(installed_program("supervisorctl"))} -c {var}/supervisord.conf status
"""
    )
    if os.geteuid() == 0:
        print("Warning: the workers run as root. That is fine for a demo; in production, give them their own user.\n")
    sys.stdout.flush()


def _become_supervisor(configuration: str, started: list[Process]) -> None:
    """Replace this process, so that Ctrl-C and SIGTERM reach the supervisor directly.

    It has the variables of all processes, as those that are its forks read some of them while it loads the shop.
    """
    flags = fcntl.fcntl(1, fcntl.F_GETFL)
    fcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_APPEND)  # console and supervisor may both write to one file
    for process in started:
        os.environ.update(process.environment)
    if os.geteuid() == 0:
        os.environ.update(AS_ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "config.supervisor", "-c", configuration])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        run()
    except ImproperlyConfigured as error:
        sys.exit(f"Conveyor cannot start. {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
