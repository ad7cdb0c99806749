"""Django's settings of the database at `DATABASE_URL`, and those of its sessions."""

import logging
import warnings
from functools import cache
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.signals import connection_created

from config import env

log = logging.getLogger(__name__)

#: In milliseconds and seconds, below the soft time limit of a task: a server that no packet reaches is given up
#: before the task is. TCP itself gives up after a quarter of an hour.
UNREACHABLE = {"tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2}
#: Seconds after which PostgreSQL notices that the client of a running statement is gone. Otherwise the statement waits
#: on for its lock: a task that ends at its time limit, or is killed, leaves a session each time, until none is left.
GONE_AFTER = 5
#: A statement that a connection has run before is planned once.
PREPARED = {"server_side_binding": True, "prepare_threshold": 3}


def database_settings(url: str | None = None) -> dict[str, object]:
    """Django's database settings for `url`, `DATABASE_URL` by default, or for the embedded SQLite file."""
    url = env.text("DATABASE_URL") if url is None else url
    if not url:
        return _sqlite(str(env.var_dir() / "conveyor.sqlite3"))
    try:
        with warnings.catch_warnings(action="ignore"):  # the error below is more helpful
            parsed = dict(environ.Env.db_url_config(url))
    except Exception:
        parsed = {}
    engine = str(parsed.get("ENGINE", ""))
    name = str(parsed.get("NAME", ""))
    if engine.endswith("sqlite3") and name not in ("", ":memory:"):
        return _sqlite(name)
    if engine.endswith("postgresql") and name:
        return _postgresql(parsed)
    raise ImproperlyConfigured(
        "DATABASE_URL is not a valid database URL; use postgres://user:password@host:5432/name "
        "or sqlite:////path/to/file, or leave it unset for the embedded database."
    )


def _sqlite(name: str) -> dict[str, object]:
    """WAL keeps readers running beside the writer. IMMEDIATE takes the write lock up front, where waiting works."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def _postgresql(parsed: dict[str, object]) -> dict[str, object]:
    """Persistent connections with health checks and prepared statements; a server out of reach is given up in time.

    Planning took PostgreSQL half of its time for an order (docs/adr/0027-prepared-statements.md).
    """
    query = parsed.get("OPTIONS")
    extra = {k: v for k, v in query.items() if k != "pool"} if isinstance(query, dict) else {}
    return parsed | {
        "OPTIONS": {"connect_timeout": 5, "application_name": "conveyor", **UNREACHABLE, **PREPARED, **extra},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def watch_client(connection: Any, **_sent: Any) -> None:
    """By a statement: poolers refuse it among the parameters of a new connection.

    Servers on Windows and some others refuse it altogether. The shop works there without it.
    """
    if connection.vendor != "postgresql":
        return
    try:
        connection.connection.execute(f"SET client_connection_check_interval = '{GONE_AFTER}s'")
    except connection.Database.Error as refused:
        if connection.connection.closed:
            raise
        _log_once(str(refused).partition("\n")[0])


@cache
def _log_once(reason: str) -> None:
    log.warning("The database cannot check whether clients are gone, so their statements go on waiting: %s", reason)


connection_created.connect(watch_client, dispatch_uid="config.parts.database")
