"""Time travel of the whole system: `time_machine` moves this host's clock, and PostgreSQL has one of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

import time_machine
from django.db import connection
from django.utils import timezone

from messaging import clock


@contextmanager
def travel(destination: datetime, *, tick: bool = True) -> Iterator[None]:
    """Let it be `destination` for this process and for the database."""
    with ExitStack() as stack:
        stack.enter_context(time_machine.travel(destination, tick=tick))
        for name, own in (("now", timezone.now), ("moment", timezone.now), ("in_sql", _in_sql)):
            stack.enter_context(mock.patch.object(clock, name, own))
        yield


def _in_sql() -> tuple[str, list[Any]]:
    return "%s", [connection.ops.adapt_datetimefield_value(timezone.now())]
