"""Which processes make up Conveyor, and how is each of them started by hand?

`python -m config.processes` prepares and starts all of them, `--list` prints one line for each.
"""

import argparse
import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import env, valkey

HOST = "127.0.0.1"
#: Celery's soft shutdown: tasks get `worker_soft_shutdown_timeout` to end, and what is left goes back to the broker.
SOFT_SHUTDOWN = {"REMAP_SIGTERM": "SIGQUIT"}


@dataclass(frozen=True, kw_only=True)
class Process:
    """A long-running process. `stop_seconds` is how long it may take to end after SIGTERM."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    stop_seconds: int = 10

    def line(self) -> str:
        """What to type to start it by hand, in the project's folder."""
        variables = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return " ".join([*variables, shlex.join(shown(word) for word in self.command)])


def processes() -> list[Process]:
    """All processes, in the order in which they start; they end the other way round."""
    return [*_broker(), web(), relay(), *workers(), beat()]


def web(*, port: int | None = None, count: int = 2) -> Process:
    port = port or env.integer("PORT", default=8000, minimum=1, maximum=65535)
    options = f"--interface wsgi --host {HOST} --port {port} --workers {count} --blocking-threads 4"
    options += " --respawn-failed-workers --workers-kill-timeout 5 --no-ws"
    return Process(name="web", command=[tool("granian"), *options.split(), "config.web:application"])


def relay() -> Process:
    return Process(name="relay", command=[sys.executable, "manage.py", "relay"])


def workers() -> list[Process]:
    """Payments wait for the gateway, so that they get the most slots."""
    return [
        worker(name="payments", queues="payments", concurrency=4),
        worker(name="shipping", queues="shipping", concurrency=2),
        worker(name="notifications", queues="notifications,maintenance", concurrency=1),
    ]


def worker(*, name: str, queues: str, concurrency: int) -> Process:
    options = ["worker", "-Q", queues, "--concurrency", str(concurrency), "--hostname", f"{name}@%h", *_log_level()]
    return Process(
        name=f"worker-{name}",
        command=[*_celery(), *options],
        environment=SOFT_SHUTDOWN,
        stop_seconds=30,
    )


def beat() -> Process:
    pidfile = "--pidfile="  # the supervisor knows its process; a file left by a crash would only stop the next start
    return Process(name="beat", command=[*_celery(), "beat", pidfile, *_log_level()])


def _celery() -> list[str]:
    return [tool("celery"), "-A", "config", "--quiet"]


def _log_level() -> list[str]:
    """Celery has a default of its own, WARNING, that would hide which tasks run."""
    return ["--loglevel", env.text("LOG_LEVEL", "INFO")]


def _broker() -> list[Process]:
    if env.text("BROKER_URL"):
        return []
    folder = env.var_dir()
    return [Process(name="broker", command=valkey.command(url=valkey.address(folder=folder), folder=folder))]


def tool(name: str) -> str:
    """A program that was installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def shown(word: object) -> str:
    """Paths below the project's folder as a person in that folder would type them."""
    return str(word).removeprefix(f"{env.BASE_DIR}{os.sep}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.processes", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the line that starts each process by hand")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        if arguments.list:
            for process in processes():
                print(f"{process.name:22}{process.line()}")
        else:
            from config import start

            start.run()
    except ImproperlyConfigured as error:
        sys.exit(f"Conveyor cannot start. {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
