"""The engine alone beside its peers: each contender does the same job on scratch instances of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.pipeline.environment import PROJECT
from bench.pipeline.results.figures import Result
from tests.stack.database import PostgresqlDatabase
from tests.stack.rabbit import RabbitVhost

#: Names in tables and pictures, by module. The first is what the others are compared with.
CONTENDERS = {
    "messaging": "Conveyor's engine",
    "celery_tutorial": "Celery, tutorial",
    "celery_tuned": "Celery, kept connections",
    "dramatiq": "Dramatiq",
    "procrastinate": "Procrastinate",
    "django_tasks": "django-tasks, database",
    "synchronous": "no queue",
}


@contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """The environment of a process on an empty database, which waits for the disk, and an empty virtual host."""
    database, broker = PostgresqlDatabase(), RabbitVhost()
    try:
        database.create()
        broker.start()
        yield dict(os.environ) | {
            "DJANGO_SETTINGS_MODULE": "bench.pipeline.engine.settings",
            "DATABASE_URL": database.url,
            "BROKER_URL": broker.url,
            "PGOPTIONS": "-c synchronous_commit=on",
            "PYTHONWARNINGS": "ignore",
        }
    finally:
        broker.remove()
        database.drop()


def measure(contender: str, *, orders: int) -> Result:
    with scratch() as environment, tempfile.TemporaryDirectory(prefix="conveyor-bench-") as folder:
        return run("bench.pipeline.engine.run", contender, str(orders), folder, environment=environment)


def run(module: str, *arguments: str, environment: dict[str, str]) -> Result:
    """The JSON that `python -m module` prints at last."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} failed:\n{done.stdout}{done.stderr[-4000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
