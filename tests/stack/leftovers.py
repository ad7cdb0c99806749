"""Leftovers of killed test runs: folders, databases and virtual hosts, named after the process id of their run."""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

_OWNER = re.compile(r"^(?:test_)?conveyor[-_][a-z]+[-_](\d+)[-_]")


def is_left_over(name: str) -> bool:
    """Whether a test run created this name and its process has exited."""
    owner = _owner(name)
    return owner is not None and not _is_alive(owner)


def _owner(name: str) -> int | None:
    found = _OWNER.match(name)
    return int(found[1]) if found else None


@functools.cache
def remove_folders() -> None:
    for path in Path(tempfile.gettempdir()).iterdir():
        if is_left_over(path.name):
            shutil.rmtree(path, ignore_errors=True)


@functools.cache
def drop_databases(server: str) -> None:
    _drop_databases(server, is_left_over)


def drop_databases_of(owner: int, *, server: str) -> None:
    """All databases of the run whose main process is `owner`."""
    _drop_databases(server, lambda name: _owner(name) == owner)


def _drop_databases(server: str, is_meant: Callable[[str], bool]) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
        for name in filter(is_meant, names):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@functools.cache
def delete_vhosts(rabbitmqctl: tuple[str, ...]) -> None:
    listed = subprocess.run([*rabbitmqctl, "list_vhosts", "--silent"], capture_output=True, text=True, check=False)
    for name in filter(is_left_over, listed.stdout.split()):
        subprocess.run([*rabbitmqctl, "delete_vhost", name], capture_output=True, check=False)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
