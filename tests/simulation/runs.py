"""Runs of many seeds, on all processors, and what each of them came to."""

import gc
import itertools
import multiprocessing
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection

from tests.simulation.chance import Event
from tests.simulation.postgresql import databases
from tests.simulation.world import World

#: Seeds that a process is given at a time, and after which it collects garbage.
CHUNK = 8
_count = itertools.count(1)


@dataclass(frozen=True)
class Result:
    """`error` is empty if all went well; `rules` are those that were broken, or the error's type."""

    seed: int
    digest: str
    steps: list[str]
    happened: frozenset[Event]
    error: str = ""
    rules: frozenset[str] = frozenset()


def run(seed: int, *, only: frozenset[Event] | None = None) -> Result:
    """One run. Never raises what the code under test raises."""
    if next(_count) % CHUNK == 0:
        gc.collect()
        gc.freeze()  # what is left belongs to no run
    world = _kind_of_world()(seed, only=only)
    failure: dict[str, Any] = {}
    try:
        world.run()
    except Exception as error:
        rules = getattr(error, "rules", frozenset({type(error).__name__}))
        failure = {"error": f"{type(error).__name__}: {error}", "rules": rules}
    return Result(seed, world.scheduler.digest, world.scheduler.log, frozenset(world.chance.happened), **failure)


def run_all(seeds: Iterable[int], *, repeat: int = 1, processes: int = 0) -> Iterator[Result]:
    """Results in the order of the seeds. With `repeat`, a run that differs from the first one of its seed fails."""
    count = processes or os.cpu_count() or 1
    each = partial(_run_repeatedly, repeat=repeat)
    if count == 1:
        _prepare_process()
        yield from map(each, seeds)
        return
    context: Any = multiprocessing.get_context("fork")  # children inherit the migrated database
    with context.Pool(count, _prepare_process) as pool:
        yield from pool.imap(each, seeds, chunksize=CHUNK)


def _kind_of_world() -> type[World]:
    if connection.vendor != "postgresql":
        return World
    from tests.simulation.postgresql.world import PostgresqlWorld

    return PostgresqlWorld


def _prepare_process() -> None:
    if connection.vendor == "postgresql":
        databases.use_copy()


def _run_repeatedly(seed: int, *, repeat: int) -> Result:
    first = run(seed)
    for _ in range(repeat - 1):
        if run(seed).digest != first.digest:
            return Result(seed, first.digest, [], frozenset(), "the same seed took other steps", frozenset({"repeats"}))
    return first if first.error else Result(seed, first.digest, [], frozenset())
