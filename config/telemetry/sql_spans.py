"""Spans of SQL statements, on every database: Django calls a wrapper around each. Values are not recorded.

OpenTelemetry's instrumentation of psycopg knows PostgreSQL only, and begins a trace with each statement that has no
parent: a relay's, many times a second.
"""

from collections.abc import Callable
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from opentelemetry.trace import SpanKind, TracerProvider, get_current_span

#: Characters of a statement: an INSERT may have 500 rows.
MOST: Final = 2_000
_SYSTEMS: Final = {"postgresql": "postgresql", "sqlite": "sqlite"}


def instrument(provider: TracerProvider) -> None:
    """Wrap the statements of every connection that is made from now on."""
    tracer = provider.get_tracer(__name__)

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not get_current_span().is_recording():
            return execute(sql, params, many, context)
        word = sql.split(None, 1)[0].upper() if sql.strip() else "SQL"
        attributes = {
            "db.system.name": _SYSTEMS.get(context["connection"].vendor, "other_sql"),
            "db.operation.name": word,
            "db.query.text": sql[:MOST],
        }
        with tracer.start_as_current_span(word, kind=SpanKind.CLIENT, attributes=attributes):
            return execute(sql, params, many, context)

    def wrap(connection: BaseDatabaseWrapper, **_sent: Any) -> None:
        if record not in connection.execute_wrappers:
            connection.execute_wrappers.append(record)

    connection_created.connect(wrap, weak=False)
