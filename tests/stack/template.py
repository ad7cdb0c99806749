"""Prepared shops: migrated and seeded once per test run and backend, then copied for every stack."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.stack.leftovers import drop_databases_of
from tests.stack.services import postgresql_url

_PREPARED = "prepared"


class Template:
    """A directory with static files, and a database that no process uses."""

    def __init__(self, folder: Path, database: Any) -> None:
        self.folder, self.database = folder, database

    def copy_to(self, folder: Path, database: Any) -> None:
        """The database, the key and the static files, which are linked: no stack writes them."""
        database.copy(self.database)
        shutil.copy(self.folder / "secret_key", folder)
        (folder / "static").symlink_to(self.folder / "static")


def prepared(backend: str, *, database: Callable[[Path, str], Any], prepare: Callable[[Path, str], None]) -> Template:
    """The run's template, shared by its xdist workers; the first that needs it calls `prepare(folder, url)`."""
    folder = Path(tempfile.gettempdir()) / f"conveyor-template-{_run()}-{backend}"
    with _locked(folder):
        template = Template(folder, database(folder, f"conveyor_template_{_run()}_{backend}"))
        if not (folder / _PREPARED).exists():
            template.database.drop()  # of an attempt that failed
            template.database.create()
            prepare(folder, template.database.url)
            (folder / _PREPARED).touch()
    return template


def remove() -> None:
    """Remove the templates of this run, of which this process must be the main one."""
    folders = list(Path(tempfile.gettempdir()).glob(f"conveyor-template-{_run()}-*"))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    if folders and (server := postgresql_url()) is not None:
        drop_databases_of(_run(), server=server)


def _run() -> int:
    """The process id of pytest's main process."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
