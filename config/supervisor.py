"""supervisord that has loaded the shop: `python -m config.supervisor -c var/supervisord.conf`.

The processes that it starts at first are its forks, which share that memory and need not load it again. One that is
started again is a new program, which loads the code as it is then. Where a fork is unsafe, all of them are.
"""

import atexit
import gc
import os
import runpy
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from setproctitle import setproctitle
from supervisor import supervisord
from supervisor.options import ServerOptions

from config.parts import telemetry
from config.processes import Process, processes


class ForkingOptions(ServerOptions):
    """supervisord's options: `execve` is the last step of a new child, which has closed its parent's files."""

    #: Files that the shop has opened, such as those of metrics. Their objects live on in forks, and must be able to
    #: close them without closing others of the same number.
    kept: frozenset[int] = frozenset()
    #: Programs that were started, by any options of this process: `supervisorctl reload` makes new ones.
    starts = 0

    def fork(self) -> int:
        child = int(super().fork())
        ForkingOptions.starts += child > 0
        return child

    def close_fd(self, fd: int) -> None:
        if fd not in self.kept:
            super().close_fd(fd)

    def cleanup_fds(self) -> None:
        for fd in range(5, self.minfds):
            self.close_fd(fd)

    def execve(self, filename: str, argv: list[str], env: dict[str, str]) -> None:
        known = {tuple(process.niced): process for process in processes()}
        process = known.get(tuple(argv))  # the console is none of them, and loads nothing
        if process and self.starts < sum(len(group.process_configs) for group in self.process_group_configs):
            become(process, env)
        super().execve(filename, argv, env)


def can_fork() -> bool:
    """Whether forks may share what is loaded: on Linux, without telemetry.

    That looks at the command line as it is loaded, and starts threads.
    """
    return sys.platform == "linux" and telemetry.APP not in settings.INSTALLED_APPS


def load() -> None:
    """Import what the processes have in common: the apps, their tasks, and Celery with its worker and beat."""
    opened_before = open_files()
    import celery.apps.beat
    import celery.apps.worker
    import celery.bin.celery
    import celery.concurrency.prefork  # noqa: F401

    from config.celery import app

    django.setup()
    app.loader.import_default_modules()
    connections.close_all()
    gc.collect()
    gc.freeze()  # the collector's marks would copy every shared page
    ForkingOptions.kept = open_files() - opened_before


def open_files() -> frozenset[int]:
    listed = list(Path("/proc/self/fd").iterdir())
    return frozenset(int(path.name) for path in listed if path.is_symlink())  # the listing itself is closed


def become(process: Process, environment: dict[str, str]) -> NoReturn:
    """Run a declared process in this fork as in a new interpreter, and exit with its status."""
    gc.freeze()  # supervisord's files are closed: nothing may close them once more, when others have their numbers
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    setproctitle(shlex.join(process.command))  # while the environment is where it was, as the title is kept there
    os.environ.clear()
    os.environ.update(environment)
    os.nice(process.nice)
    status = 1
    try:
        status = _status(process.command)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _status(command: list[str]) -> int:
    """The exit status of a Python program that ends. What it raises is written to standard error."""
    try:
        _run(command)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"This process cannot start. {error}\n")
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _run(command: list[str]) -> dict[str, Any]:
    """`command` is a Python program, or this interpreter with `-m MODULE` or a program."""
    match command:
        case [sys.executable, "-m", module, *options]:
            sys.argv = [module, *options]
            sys.modules.pop(module, None)  # runpy warns of one that is loaded
            return runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [sys.executable, *program] | program:
            sys.argv = program
            return runpy.run_path(program[0], run_name="__main__")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        if can_fork():
            load()
            if threading.active_count() == 1:  # an extension may have started one
                supervisord.ServerOptions = ForkingOptions
    except ImproperlyConfigured as error:
        sys.exit(f"Conveyor cannot start. {error}")
    supervisord.main()


if __name__ == "__main__":
    main()
