"""Ids and times as parameters of SQL that the ORM does not write: SQLite has no types for them."""

import uuid
from datetime import datetime
from typing import Any

from django.db import connection


def id_parameter(value: uuid.UUID | None) -> uuid.UUID | str | None:
    return value.hex if value and connection.vendor == "sqlite" else value


def time_parameter(value: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(value)
