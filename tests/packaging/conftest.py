"""The built wheel, shared by the packaging tests."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.patience import PATIENCE
from tests.stack.program import PROJECT

SOURCES = ("config", "extensions", "shop", "payments", "shipping", "orders", "messaging")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Built from a copy of the tree: setuptools leaves `build/` behind, and would pick up stale files from it."""
    tree, output = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(PROJECT / name, tree)
    for name in SOURCES:
        shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir", output],
        cwd=tree, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = output.glob("conveyor_messaging-*.whl")
    return zipfile.ZipFile(path)
