"""The release a process runs, from the files of its checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.parts.release import release_of as release

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def checkout(tmp_path):
    """A checkout on the branch `main`, whose commit is in a file of its own."""
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git/refs/heads/main").write_text(f"{COMMIT}\n")
    return tmp_path


def test_it_is_the_commit_of_the_checkout(checkout):
    assert release(checkout) == COMMIT[:12]


def test_it_is_what_git_says():
    root = subprocess.run(["git", "rev-parse", "--show-toplevel", "HEAD"], capture_output=True, text=True, check=False)
    if root.returncode:
        pytest.skip("the tests do not run in a checkout")
    folder, commit = root.stdout.split()
    assert release(Path(folder)) == commit[:12]


def test_a_packed_branch_is_found(checkout):
    (checkout / ".git/refs/heads/main").unlink()
    (checkout / ".git/packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    assert release(checkout) == COMMIT[:12]


def test_a_detached_head_is_a_commit(checkout):
    (checkout / ".git/HEAD").write_text(COMMIT)
    assert release(checkout) == COMMIT[:12]


@pytest.mark.parametrize("broken", [b"", b"ref: refs/heads/gone", b"\xff\xfe"])
def test_without_a_readable_commit_it_is_the_version_or_nothing(checkout, broken):
    (checkout / ".git/HEAD").write_bytes(broken)
    (checkout / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    assert release(checkout) in ("1.2", "")


def test_without_git_it_is_the_version_of_the_package(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    assert release(tmp_path) == "1.2"


def test_without_either_it_is_empty(tmp_path):
    assert release(tmp_path) == ""


@pytest.mark.parametrize(("value", "stamped"), [(" 2026.11 ", "2026.11"), ("x" * 100, "x" * 40)])
def test_the_variable_comes_first(value, stamped):
    program = "from django.conf import settings; print(settings.CONVEYOR_RELEASE)"
    environment = os.environ | {"CONVEYOR_RELEASE": value}
    command = [sys.executable, "-W", "ignore", "-c", program]
    assert (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip() == stamped
    )
