"""How is the database emptied after a test that committed? By DELETE.

Django's TRUNCATE rewrites the files of every table, which took a second a test on PostgreSQL; deleting the few rows of
a test takes milliseconds. Foreign keys are deferred there, so the order of the tables does not matter.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def delete_instead_of_truncate() -> None:
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = _deletes  # type: ignore[method-assign]


def _deletes(style: Any, tables: Sequence[str], **kwargs: Any) -> list[str]:
    return [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]  # noqa: S608 - our own tables
