"""The image without Docker: its steps in a folder, its processes on a read-only root file system."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.stack.program import PROJECT

BUILD = PROJECT / "deploy" / "docker" / "build.sh"
#: As in the Dockerfile.
USER = "10001"


def build(step: str, target: Path, *, source: Path = PROJECT, **environment: str) -> str:
    """Run a step of the Dockerfile; return what it printed."""
    command = [
        "env",
        *(f"{name}={value}" for name, value in environment.items()),
        *map(str, (BUILD, step, source, target)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def app_only(target: Path, *, source: Path = PROJECT) -> Path:
    """An image that takes its packages from this environment."""
    build("app", target, source=source, VENV=sys.prefix, PYTHON=sys.executable)
    return target


def user() -> str:
    """`USER`, or this one where others may not even enter the folders of this Python."""
    folders = Path(sys.base_prefix).resolve()
    return USER if all(folder.stat().st_mode & 0o001 for folder in (folders, *folders.parents)) else str(os.getuid())


def read_only(command: Sequence[str]) -> list[str]:
    """`command` without any right, where only memory can be written, as with Docker's `--read-only --tmpfs /tmp`.

    Skips where a mount namespace is refused.
    """
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a mount namespace cannot be made: it needs root on Linux")
    remount = 'mount -o remount,bind,ro / && mount -t tmpfs -o mode=1777 tmpfs /mnt && TMPDIR=/mnt exec "$@"'
    without_rights = ["--reuid", user(), "--regid", user(), "--clear-groups", "--bounding-set=-all", "--no-new-privs"]
    return ["unshare", "--mount", "sh", "-ec", remount, "sh", "setpriv", *without_rights, *command]
