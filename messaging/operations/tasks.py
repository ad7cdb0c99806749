"""The desk's tasks."""

import logging
from datetime import timedelta

from django.utils import timezone

from messaging import scheduler
from messaging.conf import settings
from messaging.models import Message
from messaging.operations import alerts, retention
from messaging.operations.actions import circuits, groups
from messaging.operations.bulk_retry import driver
from messaging.operations.dashboard import throughput
from messaging.operations.models import Alert
from messaging.operations.payloads import CountThroughput, PurgeExpired, RaiseAlerts, SendAlert
from messaging.operations.schedule import ALERTS_EVERY
from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task

log = logging.getLogger(__name__)
#: With the longest backoff, most of a day.
_ALERT_RETRIES = 200


@reliable_task(PurgeExpired)
def purge_expired(self: ReliableTask, payload: PurgeExpired) -> None:
    """Each batch is a transaction of its own, so nothing waits for the whole."""
    part = Slice(self)
    part.repeat(lambda: retention.purge_discarded(keep=timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS)))
    part.repeat(lambda: retention.purge_bulk_retries(keep=timedelta(days=settings.CONVEYOR_KEEP_BULK_DAYS)))
    part.repeat(lambda: retention.purge_charts(keep=throughput.KEPT))
    part.repeat(lambda: retention.purge_alerts(keep=retention.ALERTS_KEPT))
    log.info("retention: expired records deleted, %s", "none left" if part.is_done else "continuing")
    part.finish(payload)


@reliable_task(RaiseAlerts)
def raise_alerts(self: ReliableTask, payload: RaiseAlerts) -> None:
    """Also resolves groups in which nothing is dead any more, and closes circuits that nothing probes any more.

    Each check enqueues the next one, so that a silent beat is noticed; beat restarts a chain that broke.
    """
    enqueued_at = Message.objects.values_list("created_at", flat=True).get(pk=self.request.id)
    circuits.close_unused()
    conditions = alerts.conditions(enqueued_at=enqueued_at)
    with self.complete():
        alerts.raise_alerts(conditions)
        groups.resolve_settled()
        scheduler.tick(payload.task, delay=ALERTS_EVERY)


@reliable_task(SendAlert, autoretry_for=(Exception,), max_retries=_ALERT_RETRIES)
def send_alert(self: ReliableTask, payload: SendAlert) -> None:
    """Retries for most of a day; skips an alert that was sent meanwhile."""
    alert = Alert.objects.filter(pk=payload.alert_id, sent_at=None).first()
    if alert:
        alerts.send(alert)
    with self.complete():
        alerts.mark_sent(payload.alert_id)


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
