"""The desk's tasks."""

from datetime import timedelta

from django.utils import timezone

from messaging.conf import settings
from messaging.operations import alerts, retention
from messaging.operations.bulk_retry import driver
from messaging.operations.dashboard import throughput
from messaging.operations.payloads import CountThroughput, PurgeExpired, RaiseAlerts
from messaging.worker.task import ReliableTask, reliable_task

_CHARTED = timedelta(days=8)


@reliable_task(PurgeExpired)
def purge_expired(self: ReliableTask, payload: PurgeExpired) -> None:
    with self.complete():
        retention.purge_discarded(keep=timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS))
        retention.purge_bulk_retries(keep=timedelta(days=settings.CONVEYOR_KEEP_BULK_DAYS))
        retention.purge_trends(keep=_CHARTED)


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
    now = timezone.now()
    minutes = throughput.count_minutes(now=now)
    with self.complete():
        throughput.keep_minutes(minutes, now=now)
