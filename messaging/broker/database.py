"""Database connections: sessions that became read-only are dropped, and a pooler in transaction mode is refused.

Both apply to every connection of every process.
"""

import contextlib
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, InternalError, connection
from django.db.backends.signals import connection_created

READ_ONLY_TRANSACTION = "25006"
_unshared: set[str] = set()


class TransactionPooling(ImproperlyConfigured):
    """Transactions of one connection run in changing sessions of the database."""

    def __init__(self) -> None:
        super().__init__(
            "The database is behind a pooler in transaction mode, such as PgBouncer, and LISTEN, advisory locks and "
            "cursors need a session: connect DATABASE_URL to PostgreSQL itself, or set pool_mode = session."
        )


def refuse_transaction_pooling(**kwargs: Any) -> None:
    """Raises `TransactionPooling`. An unreachable database is checked when it is connected to."""
    with contextlib.suppress(Error):
        connection.ensure_connection()
    connection.close()


def prepare(connection: Any, **kwargs: Any) -> None:
    if connection.vendor != "postgresql":
        return
    if _drop_if_read_only not in connection.execute_wrappers:
        connection.execute_wrappers.append(_drop_if_read_only)
    connection.is_usable = partial(_is_writable, connection)
    if connection.alias not in _unshared:
        try:
            if _is_shared(connection):
                raise TransactionPooling
        except BaseException:
            connection.close()
            raise
        _unshared.add(connection.alias)


def is_read_only(error: BaseException) -> bool:
    """Whether PostgreSQL refused a write because the session is read-only."""
    return getattr(error.__cause__, "sqlstate", "") == READ_ONLY_TRANSACTION


def _drop_if_read_only(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A session that began on a read-only server may stay so after the failover."""
    try:
        return execute(sql, params, many, context)
    except InternalError as error:
        if is_read_only(error):
            context["connection"].close()
        raise


def _is_writable(connection: Any) -> bool:
    """Replaces Django's health check before a request, which a read-only session passes."""
    try:
        row = connection.connection.execute("SELECT current_setting('transaction_read_only')").fetchone()
    except Exception:
        return False
    return bool(row[0] == "off")


def _is_shared(connection: Any) -> bool:
    """Whether another connection's transaction takes this one's session. Only poolers hide a session's process id."""
    own = connection.connection
    process = _process(own)
    if process == own.info.backend_pid:
        return False
    with contextlib.closing(connection.get_new_connection(connection.get_connection_params())) as other:
        for _ in range(5):
            if _process(other) == process or _process(own) != process:
                return True
            other.rollback()
    return False


def _process(raw: Any) -> int:
    return int(raw.execute("SELECT pg_backend_pid()").fetchone()[0])


connection_created.connect(prepare)
