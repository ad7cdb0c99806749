"""Process declarations: the command line of every long-running process.

`python -m config.processes --list` prints one shell command per process, and `--run NAME` becomes one of them.
`config.run` starts all.
"""

import argparse
import os
import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured

from config import embedded_broker, env, standard_streams
from config.parts import own_apps
from config.parts.metrics import folder_of_processes

BROKER = "broker"
#: The pages come first: on a busy machine, workers get a tenth of the processor's time beside them, the relay a third.
#: The relay goes before the workers: without its time they would have nothing to do.
BEHIND_PAGES, BEHIND_RELAY = 5, 10
#: The shop's own workers by name: queues, and slots. Payments get the most: their tasks spend most of their time
#: waiting for the gateway. Few of them, as each takes memory. Production sets `--concurrency` and starts more workers.
WORKERS = {"payments": ("payments", 2), "shipping": ("shipping", 1), "notifications": ("notifications,maintenance", 1)}
#: Celery's soft shutdown: running tasks get `worker_soft_shutdown_timeout` seconds, the rest return to the broker.
SOFT_SHUTDOWN = {"REMAP_SIGTERM": "SIGQUIT"}


@dataclass(frozen=True, kw_only=True)
class Process:
    """A long-running process. `stop_seconds` is the time it gets to exit after SIGTERM."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    stop_seconds: int = 10
    nice: int = 0

    @property
    def niced(self) -> list[str]:
        """The command, with its nice value where it has one."""
        return ["nice", "-n", str(self.nice), *self.command] if self.nice else self.command

    def command_line(self) -> str:
        """The shell command that starts this process from the project's root."""
        variables = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return " ".join([*variables, shlex.join(relative_to_project(word) for word in self.niced)])


def processes() -> list[Process]:
    """All processes in start order; they stop in reverse."""
    counting = [
        replace(process, environment=process.environment | folder_of_processes())
        for process in (web(), relay(), *workers(), beat())
    ]
    return [*_broker(), *counting]


def web(*, port: int | None = None, count: int = 2) -> Process:
    port = port or env.port()
    options = f"--interface wsgi --host {env.host()} --port {port} --workers {count} --blocking-threads 4"
    options += " --respawn-failed-workers --workers-kill-timeout 5 --no-ws"
    command = [sys.executable, "-m", "config.serve", *options.split(), "config.web:application"]
    return Process(name="web", command=command)


def relay() -> Process:
    return Process(name="relay", command=[sys.executable, "manage.py", "relay"], nice=BEHIND_PAGES)


def workers() -> list[Process]:
    return [
        worker(name=name, queues=queues, concurrency=slots)
        for name, (queues, slots) in own_apps.workers(WORKERS).items()
    ]


def worker(*, name: str, queues: str, concurrency: int) -> Process:
    options = ["worker", "-Q", queues, "--concurrency", str(concurrency), "--hostname", f"{name}@%h"]
    options.append("--without-gossip")  # no worker needs the others' events, and Celery's step fails without a broker
    options += _log_level()
    return Process(
        name=f"worker-{name}",
        command=[*_celery(), *options],
        nice=BEHIND_RELAY,
        environment=SOFT_SHUTDOWN,
        stop_seconds=30,
    )


def beat() -> Process:
    pidfile = "--pidfile="  # the supervisor tracks the process; a pid file left by a crash would block the next start
    return Process(name="beat", command=[*_celery(), "beat", pidfile, *_log_level()], nice=BEHIND_PAGES)


def _celery() -> list[str]:
    return [installed_program("celery"), "-A", "config", "--quiet"]


def _log_level() -> list[str]:
    """Celery's own default is WARNING, which would hide the log line of every task."""
    return ["--loglevel", env.text("LOG_LEVEL", "INFO")]


def _broker() -> list[Process]:
    if env.text("BROKER_URL"):
        return []
    return [Process(name=BROKER, command=embedded_broker.launcher(folder=env.var_dir()))]


def installed_program(name: str) -> str:
    """The path of a program in this Python's environment."""
    return str(Path(sys.executable).with_name(name))


def relative_to_project(word: object) -> str:
    """A path below the project's root, relative to it; anything else unchanged."""
    return str(word).removeprefix(f"{env.BASE_DIR}{os.sep}")


def run(name: str, *options: str) -> NoReturn:
    """Replace this program by the process `name`, whose command gets `options` of its own program added.

    Raises `ImproperlyConfigured` if there is no such process.
    """
    known = {process.name: process for process in processes()}
    if name not in known:
        raise ImproperlyConfigured(f"There is no process {name!r}; there are {', '.join(known)}.")
    command = [*known[name].niced, *options]
    os.chdir(env.BASE_DIR)
    os.execvpe(command[0], command, os.environ | known[name].environment)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.processes", description=__doc__, allow_abbrev=False)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--list", action="store_true", help="print the shell command of each process")
    chosen.add_argument("--run", metavar="NAME", help="become this process; further options are its program's own")
    arguments, options = parser.parse_known_args()
    if options and arguments.list:
        parser.error(f"unrecognized arguments: {' '.join(options)}")
    try:
        env.follow_note()
        if arguments.run:
            run(arguments.run, *options)
        listed = processes()
        width = max(len(process.name) for process in listed)
        with standard_streams.guarded():
            for process in listed:
                sys.stdout.write(f"{process.name:{width}}  {process.command_line()}\n")
    except ImproperlyConfigured as error:
        what = "process cannot be started" if arguments.run else "processes cannot be listed"
        sys.exit(f"The {what}. {error}")


if __name__ == "__main__":
    main()
