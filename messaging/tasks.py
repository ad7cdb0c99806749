"""The engine's own tasks."""

import logging
from datetime import timedelta

from messaging import audit_slices, retention
from messaging.conf import settings
from messaging.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task

log = logging.getLogger(__name__)


@reliable_task(retention.PurgeFinished)
def purge_finished(self: ReliableTask, payload: retention.PurgeFinished) -> None:
    """Each batch is a transaction of its own, so nothing waits for the whole."""
    part = Slice(self)
    deleted = part.repeat(lambda: retention.purge_finished(keep=timedelta(days=settings.CONVEYOR_KEEP_DAYS)))
    log.info("retention: deleted %s messages, %s", deleted, "none left" if part.has_time else "continuing")
    with part.complete(None if part.has_time else payload):
        pass


@reliable_task(audit_slices.CheckInvariants)
def check_invariants(self: ReliableTask, payload: audit_slices.CheckInvariants) -> None:
    part = Slice(self)
    look = audit_slices.look(feeds=payload.feeds) if part.has_time else None
    with part.complete(look.following if look else None):
        if look:
            look.save()


@reliable_task(audit_slices.CheckEverything)
def check_everything(self: ReliableTask, payload: audit_slices.CheckEverything) -> None:
    part = Slice(self)
    with part.complete(audit_slices.check_slice(part, payload)):
        pass
