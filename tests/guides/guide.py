"""Follows a guide as written, in a copy of the tree: writes its files, runs its commands.

A block of Python that begins with `# path` is the whole of that file; each line of a block `sh` is a command.
`export NAME=value` holds for the commands after it, and `make run` starts the shop in the background, on a free port.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE
from tests.ports import free_port
from tests.stack.api import request
from tests.stack.program import PROJECT, Program

_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"# (\S+/\S+\.py)\n")
_EXPORT = re.compile(r"export (\w+)=(\S+)")
_TREE = ("config", "extensions", "locale", "messaging", "orders", "payments", "shipping", "shop", "tests")
_LEFT_OUT = {".venv", "var", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}
_FILES = ("manage.py", "pyproject.toml")
#: Variables of the test run that would make the copy another shop than a reader's. Database and broker stay.
_NOT_INHERITED = ("CONVEYOR_", "PORT", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL", "PYTEST_", "COV_", "TEST_")


@dataclass(frozen=True)
class Step:
    """A file to be written, or a command to be run."""

    path: str = ""
    text: str = ""
    command: str = ""


def steps_of(name: str) -> list[Step]:
    """The steps of `docs/how-to/<name>.md`."""
    guide = (PROJECT / f"docs/how-to/{name}.md").read_text()
    return [step for language, text in _BLOCK.findall(guide) for step in _steps(language, text)]


def _steps(language: str, text: str) -> Iterator[Step]:
    if language == "python":
        if found := _PATH.match(text):
            yield Step(path=found[1], text=text[found.end() :])
        return
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield Step(command=line)


class Copy:
    """A copy of the tree, with the environment of this test run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _TREE:
            ignored = shutil.ignore_patterns(".*_cache", "node_modules")
            shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
        for name in _FILES:
            shutil.copy2(PROJECT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        self._original = self._contents()
        self.port = free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        self.env = inherited | {"PORT": str(self.port)}
        self._token = ""
        self._shop = Program(
            "run",
            [sys.executable, "-m", "config.run"],
            env=self.env,
            log=folder / "var" / "run.log",
            ready=lambda _: self._serves(),
            cwd=folder,
        )

    def follow(self, steps: list[Step]) -> str:
        """Write the files and run the commands. Returns what the commands printed."""
        return "".join(self._take(step) for step in steps)

    def run(self, command: str) -> str:
        """The output of a shell command, which must succeed."""
        env = self.embedded() if self._shop.running else self.env
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def api(self, path: str, *, json: Any = None) -> Any:
        """What the running shop's staff API answers an operator; a POST if there is something to send."""
        url = f"http://127.0.0.1:{self.port}/api/v1/"
        login = {"username": "operator", "password": "operator"}
        token = self._token = self._token or request("POST", f"{url}auth/token/", json=login)[1]["token"]
        return request("GET" if json is None else "POST", url + path, token=token, json=json)[1]

    def assert_only_added(self, folder: str) -> None:
        """The guide changed no file that was there before, and wrote into `folder` alone, what the linter passes."""
        now = self._contents()
        changed = [path for path, content in self._original.items() if now.get(path) != content]
        elsewhere = [path for path in now if path not in self._original and not path.startswith(f"{folder}/")]
        assert not changed + elsewhere, changed + elsewhere
        self.run(f".venv/bin/ruff check --no-cache {folder} && .venv/bin/ruff format --no-cache --check {folder}")

    def start(self) -> None:
        """`make run`: a demo, unless the guide says otherwise."""
        self._shop.env = {"CONVEYOR_DEMO": "1", "CONVEYOR_LIMITS": "0"} | self.embedded()
        self._shop.start()

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self._shop.running:
            self._shop.stop()

    def end(self) -> None:
        self.stop()
        self._shop.kill()

    def _take(self, step: Step) -> str:
        if step.path:
            (self.folder / step.path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / step.path).write_text(step.text)
            return ""
        if found := _EXPORT.fullmatch(step.command):
            self.env |= {found[1]: found[2]}
            return ""
        if step.command == "make run":
            self.start()
            return ""
        return self.run(step.command)

    def embedded(self) -> dict[str, str]:
        """The environment without servers: a guide's shop has a database and a broker of its own."""
        return {name: value for name, value in self.env.items() if name not in ("DATABASE_URL", "BROKER_URL")}

    def _serves(self) -> bool:
        try:
            return request("GET", f"http://127.0.0.1:{self.port}/healthz")[0] == 200
        except OSError:
            return False

    def _contents(self) -> dict[str, bytes]:
        """Every file that is not runtime data or a cache, by its path."""
        found = {path.relative_to(self.folder): path for path in self.folder.rglob("*") if path.is_file()}
        return {str(name): path.read_bytes() for name, path in found.items() if _LEFT_OUT.isdisjoint(name.parts)}
