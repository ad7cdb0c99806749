"""The desk's tasks."""

import logging
from datetime import timedelta

from django.utils import timezone

from messaging.conf import settings
from messaging.operations import alerts, retention
from messaging.operations.bulk_retry import driver
from messaging.operations.dashboard import throughput
from messaging.operations.payloads import CountThroughput, PurgeExpired, RaiseAlerts
from messaging.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task

log = logging.getLogger(__name__)


@reliable_task(PurgeExpired)
def purge_expired(self: ReliableTask, payload: PurgeExpired) -> None:
    """Each batch is a transaction of its own, so nothing waits for the whole."""
    part = Slice(self)
    part.repeat(lambda: retention.purge_discarded(keep=timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS)))
    part.repeat(lambda: retention.purge_bulk_retries(keep=timedelta(days=settings.CONVEYOR_KEEP_BULK_DAYS)))
    part.repeat(lambda: retention.purge_charts(keep=throughput.KEPT))
    log.info("retention: expired records deleted, %s", "none left" if part.has_time else "continuing")
    with part.complete(None if part.has_time else payload):
        pass


@reliable_task(RaiseAlerts)
def raise_alerts(self: ReliableTask, payload: RaiseAlerts) -> None:
    """E-mails go out before the message is done: a run that fails is repeated and sends no alert twice."""
    alerts.raise_alerts()
    with self.complete():
        pass


@reliable_task(driver.DriveBulkRetry)
def drive_bulk_retry(self: ReliableTask, payload: driver.DriveBulkRetry) -> None:
    with self.complete():
        driver.drive(operation_id=payload.operation_id, turn=payload.turn)


@reliable_task(driver.RequeueOverdueTurns)
def requeue_overdue_turns(self: ReliableTask, payload: driver.RequeueOverdueTurns) -> None:
    with self.complete():
        driver.requeue_overdue()


@reliable_task(CountThroughput)
def count_throughput(self: ReliableTask, payload: CountThroughput) -> None:
    """Usually a minute or two; more after a standstill."""
    part, counting = Slice(self), throughput.Counting(now=timezone.now(), since=payload.since)
    part.repeat(counting.step)
    with part.complete(None if counting.is_done else CountThroughput(since=counting.since)):
        pass
