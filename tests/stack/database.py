"""Databases of test stacks, and ORM access to them."""

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.db import connections
from psycopg import sql

from config.parts.database import database_settings
from tests.patience import PATIENCE, wait_for
from tests.stack.leftovers import drop_databases
from tests.stack.services import require


class Blocker(Protocol):
    """pytest-django's lock on the database."""

    def unblock(self) -> Any: ...


class SqliteFile:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "conveyor.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def copy(self, template: "SqliteFile") -> None:
        self.create()
        shutil.copy(template.path, self.path)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Within it, the file is locked: there is no server that could be away."""
        lock = sqlite3.connect(self.path, isolation_level=None)
        try:
            lock.execute("BEGIN IMMEDIATE")
            yield
            lock.execute("ROLLBACK")
        finally:
            lock.close()

    def drop(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()


class PostgresqlDatabase:
    """A database on the local PostgreSQL server. It does not wait for the disk: its data need not survive a crash."""

    def __init__(self, name: str = "") -> None:
        self._server = require("PostgreSQL")
        drop_databases(self._server)
        self.name = name or f"conveyor_stack_{os.getpid()}_{secrets.token_hex(3)}"
        self.url = f"{self._server.rpartition('/')[0]}/{self.name}"

    def create(self) -> None:
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
        self._run(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(self.name)))

    def copy(self, template: "PostgresqlDatabase") -> None:
        names = sql.Identifier(self.name), sql.Identifier(template.name)

        def copied() -> bool:
            try:
                self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
            except psycopg.errors.ObjectInUse:  # a session that has just ended, or another copy
                return False
            return True

        wait_for(copied, what=f"{template.name} is copied")
        self._run(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(names[0]))

    def drop(self) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))

    def dump(self, path: Path, *, tables: Iterable[str] = ()) -> Path:
        """Write a backup to `path`; with `tables`, the rows of these alone."""
        only = ["--data-only", *(f"--table=public.{table}" for table in tables)] if tables else []
        _run_tool("pg_dump", "--format=custom", f"--file={path}", *only, self.url)
        return path

    def restore(self, backup: Path) -> None:
        """Replace this database by a backup. No process may use it."""
        self.drop()
        self.create()
        self.load(backup)

    def load(self, backup: Path) -> None:
        """Load a backup into this database, which is empty."""
        _run_tool("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={self.url}", str(backup))

    def replace(self, backup: Path, *, tables: Iterable[str]) -> None:
        """Replace the rows of these tables by those of a backup."""
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("TRUNCATE {}").format(names))
        _run_tool("pg_restore", "--exit-on-error", "--data-only", f"--dbname={self.url}", str(backup))

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Within it, the server has ended every session and refuses new ones."""
        allow = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format
        name = sql.Identifier(self.name)
        self._run(allow(name, sql.SQL("false")))
        try:
            end = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
            self._run(end.format(sql.Literal(self.name)))
            yield
        finally:
            self._run(allow(name, sql.SQL("true")))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


def _run_tool(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"


@contextmanager
def opened(*, url: str, alias: str, blocker: Blocker) -> Iterator[None]:
    """Within it, `Model.objects.using(alias)` reads and writes the database at `url`. It may be nested."""
    if alias in connections.settings:
        yield
        return
    settings = connections.configure_settings({"default": {}, alias: database_settings(url)})
    connections.settings[alias] = settings[alias]
    try:
        with blocker.unblock():
            yield
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.alias == alias:
                connection.close()
                del connections[alias]
        del connections.settings[alias]
