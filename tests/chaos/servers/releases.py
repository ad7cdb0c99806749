"""The former release: its code, and the migrations that it lacks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stack.program import PROJECT

_MIGRATIONS = ":(glob)**/migrations/[0-9]*.py"


class FormerRelease:
    """Its code in `folder`, taken from the history of `checkout`.

    It is the newest tag before this commit or, as long as there is none, the parent of the commit with the newest
    migration. Skips where the history does not reach that far.
    """

    def __init__(self, folder: Path, *, checkout: Path = PROJECT) -> None:
        self.folder, self._checkout = folder, checkout
        self.commit = self._find()
        archive = folder.with_suffix(".tar")
        self._git("archive", f"--output={archive}", self.commit)
        shutil.unpack_archive(archive, folder, filter="data")
        archive.unlink()

    def targets(self) -> dict[str, str]:
        """For each app with newer migrations, the last one that this release has, or `zero`."""
        own, present = _migrations(self.folder), _migrations(self._checkout)
        return {app: own.get(app, "zero") for app, last in present.items() if own.get(app) != last}

    def _find(self) -> str:
        tag = self._git("describe", "--tags", "--abbrev=0", "HEAD^")
        newest = self._git("log", "-1", "--diff-filter=A", "--format=%H", "--", _MIGRATIONS)
        found = tag or self._git("rev-parse", "--verify", "--quiet", f"{newest}^")
        if not found:
            pytest.skip("the former release is not in the history of this checkout, which is shallow or was exported")
        return found

    def _git(self, *arguments: str) -> str:
        """What git prints; empty if it fails, as without a repository."""
        try:
            done = subprocess.run(["git", *arguments], cwd=self._checkout, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""


def _migrations(folder: Path) -> dict[str, str]:
    """The last migration of each app."""
    found = [*folder.glob("*/migrations/[0-9]*.py"), *folder.glob("*/*/migrations/[0-9]*.py")]
    return {path.parents[1].name: path.stem for path in sorted(found)}
