"""Runs the doctor's checks."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from shop.doctor.checks import (
    broker,
    catalogue,
    configuration,
    database,
    gateway,
    media,
    processes,
    staff,
    static_files,
)
from shop.doctor.findings import Check, Finding

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Area:
    """Checks that make sense only where `gates` find nothing: an empty database has no groups."""

    gates: tuple[Check, ...]
    checks: tuple[Check, ...]


DATABASE: tuple[Check, ...] = (database.reachable, database.migrated)
BROKER: tuple[Check, ...] = (broker.reachable,)
AREAS = (
    Area((), (static_files.collected, media.storage, gateway.stripe)),
    Area(DATABASE, (database.time, staff.administrator, staff.groups, staff.demo_passwords)),
    Area(DATABASE, (catalogue.currency,)),
    Area(DATABASE, (processes.relay, processes.beat, processes.secret_keys)),
    Area(BROKER, (broker.queues, broker.permissions, broker.time)),
    Area((*DATABASE, *BROKER), (processes.workers,)),
)


def run_checks(*, deploy: bool = False) -> list[Finding]:
    """What is wrong, each once. `deploy`: also what is wrong only on the internet. Takes some seconds; never raises."""
    found = examine(configuration.deployment if deploy else configuration.settings)
    once = cache(examine)  # an unreachable server takes seconds
    for area in AREAS:
        stopped = first_of(area.gates, ask=once)
        found += stopped or [finding for check in area.checks for finding in examine(check)]
    return list(dict.fromkeys(found))


def examine(check: Check) -> list[Finding]:
    """The check's findings. Whatever it raises is one, too."""
    try:
        return list(check())
    except Exception as error:
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        log.debug("the check %s failed", name, exc_info=True)
        reason = " ".join(str(error).split())
        sentence = f"The check {name} failed with {type(error).__name__}{f': {reason}' if reason else ''}."
        return [Finding(f"failed-{name}", sentence, "LOG_LEVEL=DEBUG python manage.py doctor")]


def first_of(gates: tuple[Check, ...], *, ask: Callable[[Check], list[Finding]] = examine) -> list[Finding]:
    """The findings of the first gate that has any."""
    return next(filter(None, map(ask, gates)), [])
