"""The engine's own tasks."""

import logging
from datetime import timedelta

from messaging import retention
from messaging.conf import settings
from messaging.invariants import periodic
from messaging.models import Cursor
from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task

log = logging.getLogger(__name__)


@reliable_task(retention.PurgeFinished)
def purge_finished(self: ReliableTask, payload: retention.PurgeFinished) -> None:
    """Each batch is a transaction of its own, so nothing waits for the whole."""
    part = Slice(self)
    deleted = part.repeat(lambda: retention.purge_finished(keep=timedelta(days=settings.CONVEYOR_KEEP_DAYS)))
    log.info("retention: deleted %s messages, %s", deleted, "none left" if part.is_done else "continuing")
    part.finish(payload)


@reliable_task(periodic.CheckInvariants)
def check_invariants(self: ReliableTask, payload: periodic.CheckInvariants) -> None:
    part = Slice(self)
    positions, following = periodic.look(feeds=payload.feeds)
    with part.complete(following):
        Cursor.write(periodic.CURSOR, positions)


@reliable_task(periodic.CheckEverything)
def check_everything(self: ReliableTask, payload: periodic.CheckEverything) -> None:
    part = Slice(self)
    with part.complete(periodic.check_slice(part, payload)):
        pass
