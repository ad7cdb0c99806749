"""The former release is found in the history, with the migrations that it lacks."""

import subprocess
from pathlib import Path

import pytest

from tests.chaos.servers.releases import FormerRelease


def git(checkout: Path, *arguments: str) -> str:
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(["git", *author, *arguments], cwd=checkout, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(checkout: Path, path: str) -> str:
    (checkout / path).parent.mkdir(parents=True, exist_ok=True)
    (checkout / path).touch()
    git(checkout, "add", path)
    git(checkout, "commit", "-q", "-m", path)
    return git(checkout, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def test_the_former_release_is_the_one_before_the_newest_migration(checkout, tmp_path):
    commit(checkout, "orders/migrations/0001_initial.py")
    former = commit(checkout, "orders/services.py")
    commit(checkout, "orders/migrations/0002_hold.py")
    commit(checkout, "orders/views.py")
    release = FormerRelease(tmp_path / "former", checkout=checkout)
    assert release.commit == former
    assert release.targets() == {"orders": "0001_initial"}
    assert {path.name for path in (release.folder / "orders").iterdir()} == {"migrations", "services.py"}


def test_the_former_release_is_the_newest_tag(checkout, tmp_path):
    commit(checkout, "orders/migrations/0001_initial.py")
    git(checkout, "tag", "v1")
    commit(checkout, "orders/migrations/0002_hold.py")
    commit(checkout, "messaging/operations/migrations/0001_initial.py")
    git(checkout, "tag", "v2")
    release = FormerRelease(tmp_path / "former", checkout=checkout)
    assert release.commit == "v1"
    assert release.targets() == {"orders": "0001_initial", "operations": "zero"}


@pytest.mark.parametrize("copy", ["exported", "shallow"])
def test_a_checkout_without_history_has_no_former_release(checkout, copy, tmp_path):
    commit(checkout, "orders/services.py")
    commit(checkout, "orders/migrations/0001_initial.py")
    (tmp_path / "exported").mkdir()
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{checkout}", "shallow")
    with pytest.raises(pytest.skip.Exception, match="shallow or was exported"):
        FormerRelease(tmp_path / "former", checkout=tmp_path / copy)
