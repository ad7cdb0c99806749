"""Time travel of the whole system: `time_machine` moves this host's clock, and PostgreSQL has one of its own."""

import itertools
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import time_machine
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from messaging import clock

START = datetime(2030, 1, 1, tzinfo=UTC)


@contextmanager
def travel(destination: datetime, *, tick: bool = True) -> Iterator[time_machine.Traveller]:
    """Let it be `destination` for this process and for the database. What it yields moves on from there."""
    with ExitStack() as stack:
        traveller = stack.enter_context(time_machine.travel(destination, tick=tick))
        for name, own in (("now", timezone.now), ("moment", timezone.now), ("in_sql", _in_sql)):
            stack.enter_context(mock.patch.object(clock, name, own))
        for name in ("as_sqlite", "as_postgresql"):
            stack.enter_context(mock.patch.object(Now, name, _now_in_sql))
        yield traveller


@contextmanager
def repeatable() -> Iterator[Callable[[float], None]]:
    """From here, the same moments and random numbers each time, and IDs that sort as they were made.

    What it yields lets seconds pass. PostgreSQL writes some times of messages by its own clock, so there it is now, and
    time passes by itself, too.
    """
    numbers, has_own_clock = itertools.count(), connection.vendor == "postgresql"
    start = datetime.now(UTC) if has_own_clock else START
    with travel(start, tick=has_own_clock) as traveller, ExitStack() as stack:
        for module, name, own in (
            (time, "monotonic", time.time),
            (os, "urandom", lambda size: next(numbers).to_bytes(size, "big")),
            (secrets, "randbits", lambda bits: next(numbers)),
            (random, "_urandom", random.Random(0).randbytes),
        ):
            stack.enter_context(mock.patch.object(module, name, own))
        yield traveller.shift


def _now_in_sql(*args: Any, **extra: Any) -> tuple[str, list[Any]]:
    """Of `Now`, as Django compiles it; without this, a circuit's times would be the real ones."""
    return _in_sql()


def _in_sql() -> tuple[str, list[Any]]:
    return "%s", [connection.ops.adapt_datetimefield_value(timezone.now())]
