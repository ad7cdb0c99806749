"""Databases of simulated runs: one is migrated, and each process gets a copy of it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection
from psycopg import sql

from tests.stack.leftovers import drop_databases, drop_databases_of
from tests.stack.services import require

#: Of a deadlock, the statement that completes it is ended: the others have waited for longer than this by then.
DEADLOCK_TIMEOUT = "1ms"


@contextmanager
def fresh() -> Iterator[None]:
    """Within it, the default connection is to a new database, of which `use_copy` makes others. All are dropped."""
    server = require("PostgreSQL")
    drop_databases(server)
    name = f"conveyor_simulation_{os.getpid()}_template"
    _create(name)
    try:
        _use(name)
        yield
    finally:
        connection.close()
        drop_databases_of(os.getpid(), server=server)


def use_copy() -> None:
    """Connect this process, or one that was forked from it, to a copy of the migrated database."""
    connection.close()
    template = str(connection.settings_dict["NAME"])
    name = f"{template.removesuffix('_template')}_{os.getpid()}_{secrets.token_hex(2)}"
    _create(name, template=template)
    _use(name)


def _create(name: str, template: str = "template1") -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(require("PostgreSQL"), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(1)")  # a template must not be used, as by another copy
        server.execute(create)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    options = connection.settings_dict["OPTIONS"]
    if _may_set_deadlock_timeout() and DEADLOCK_TIMEOUT not in options["options"]:
        options["options"] += f" -c deadlock_timeout={DEADLOCK_TIMEOUT}"


def _may_set_deadlock_timeout() -> bool:
    """Other roles wait for a second until a deadlock is detected."""
    with psycopg.connect(require("PostgreSQL")) as server:
        row = server.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])
