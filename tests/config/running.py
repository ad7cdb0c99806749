"""The program behind `make run`, with its own directory and port, and commands in a second terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from config import processes
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.stack.api import request
from tests.stack.program import PROJECT, Program


@contextmanager
def make_run(folder: Path, **environment: str) -> Iterator["Run"]:
    """A `Run` that is not started yet. None of its processes survives the block."""
    run = Run(folder, environment)
    try:
        yield run
    finally:
        descendants = run.descendants() if run.program.running else []
        run.program.kill()
        for process in descendants:
            if process.is_running():
                process.kill()


class Run:
    """A whole demo, as a user starts it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.port = folder, free_port()
        own = {"CONVEYOR_VAR": str(folder), "CONVEYOR_DEMO": "1", "PORT": str(self.port), "LOG_LEVEL": "INFO"}
        env = {name: value for name, value in os.environ.items() if name not in {"BROKER_URL", "DATABASE_URL"}} | own
        self.env = env | dict(environment) | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-m", "config.run"]
        self.program = Program("run", command, env=self.env, log=folder / "console.log", ready=lambda _: self.serves())

    def serves(self) -> bool:
        try:
            return request("GET", f"http://127.0.0.1:{self.port}/healthz")[0] == 200
        except OSError:
            return False

    def pids(self) -> dict[str, int]:
        """Process ids of supervisord's running programs, by name."""
        done = subprocess.run(
            [processes.installed_program("supervisorctl"), "-c", self.folder / "supervisord.conf", "status"],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        rows = [line.split() for line in done.stdout.splitlines()]
        return {row[0].split(":")[-1]: int(row[3].rstrip(",")) for row in rows if len(row) > 3 and row[1] == "RUNNING"}

    @property
    def plain_env(self) -> dict[str, str]:
        """That of a second terminal: of the run's settings, it has the directory only."""
        ours = {"CONVEYOR_DEMO", "PORT", "LOG_LEVEL"}
        return {name: value for name, value in self.env.items() if name not in ours}

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`manage.py` in a second terminal."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, env=self.plain_env, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.program.pid).children(recursive=True)
