"""The release that a process runs, as far as the files of its checkout tell."""

import tomllib
from pathlib import Path


def release_of(folder: Path) -> str:
    """The commit of the checkout in `folder`, else its package's version, else nothing.

    Reads files only: a server may have no git, and every process pays for it at its start.
    """
    try:
        return _commit(folder)[:12] or _version(folder)
    except (OSError, ValueError, KeyError):
        return ""


def _commit(folder: Path) -> str:
    """Empty if `folder` is not a checkout, or its commit is not found."""
    if (git := _git_dir(folder / ".git")) is None:
        return ""
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref: "):
        return head
    shared = git / "commondir"
    common = (git / shared.read_text(encoding="utf-8").strip()) if shared.is_file() else git
    return _resolve(common, head.removeprefix("ref: "))


def _git_dir(path: Path) -> Path | None:
    """A worktree has a file that names the directory."""
    if path.is_file():
        path = path.parent / path.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return path if (path / "HEAD").is_file() else None


def _resolve(git: Path, ref: str) -> str:
    if (git / ref).is_file():
        return (git / ref).read_text(encoding="utf-8").strip()
    packed = git / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {ref}")), "")


def _version(folder: Path) -> str:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
