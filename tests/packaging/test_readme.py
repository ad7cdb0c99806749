"""The package's README: its first safe task runs as written in an empty project, from the wheel, without the desk."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.processes import installed_program
from tests.patience import wait_for
from tests.stack.program import PROJECT, Program
from tests.stack.valkey import Valkey

BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", (PROJECT / "messaging" / "README.md").read_text(), re.DOTALL)
STATE = """
from django.contrib.auth.models import User
from messaging.models import Message
print(User.objects.get().is_active, *Message.objects.values_list("state", flat=True))
"""


@pytest.fixture
def broker(tmp_path):
    server = Valkey(tmp_path / "broker")
    server.start()
    yield server
    server.remove()


class EmptyProject:
    """`django-admin startproject` plus the README's code blocks, beside an unpacked wheel."""

    def __init__(self, folder: Path, library: Path, broker_url: str) -> None:
        self.folder = folder / "project"
        foreign = ("CONVEYOR_", "BROKER_URL", "DATABASE_URL", "DJANGO_", "CELERY_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.env = inherited | {"PYTHONPATH": f"{library}{os.pathsep}{self.folder}", "LOG_LEVEL": "INFO"}
        self.folder.mkdir()
        self.run("-m", "django", "startproject", "project", ".")
        (self.folder / "accounts").mkdir()
        (self.folder / "accounts" / "__init__.py").touch()
        for name, code in BLOCKS:
            with (self.folder / name).open("a") as file:
                file.write(code.replace("redis://127.0.0.1:6379/0", broker_url))
        self.env["DJANGO_SETTINGS_MODULE"] = "project.settings"

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *command: str) -> Program:
        program = Program(name, command, env=self.env, log=self.folder / f"{name}.log", cwd=self.folder)
        program.start()
        return program


def test_the_first_safe_task_runs_as_written(tmp_path, wheel, broker):
    wheel.extractall(tmp_path / "library")
    project = EmptyProject(tmp_path, tmp_path / "library", broker.url)
    project.run("manage.py", "migrate", "--verbosity", "0")
    processes = [
        project.start("relay", sys.executable, "manage.py", "relay"),
        project.start(
            "worker", installed_program("celery"), *["-A", "project", "worker", "-Q", "accounts,maintenance", "-c", "1"]
        ),
    ]
    try:
        project.run("manage.py", "shell", "-c", "from accounts.tasks import sign_up; sign_up('ada')")

        def done() -> bool:
            return project.run("manage.py", "shell", "-v", "0", "-c", STATE).split() == ["True", "done"]

        wait_for(done, what="the user is active and the message done")
    finally:
        for process in processes:
            process.kill()


def test_it_takes_at_most_25_lines():
    lines = [line for _name, code in BLOCKS for line in code.splitlines() if line.strip()]
    assert len(lines) <= 25
