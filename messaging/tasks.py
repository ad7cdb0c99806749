"""Which tasks does messaging run for itself?"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from messaging import maintenance, throughput
from messaging.bulk import driver
from messaging.desk import alerts
from messaging.worker import ReliableTask, reliable_task

_CHARTED = timedelta(days=8)


@reliable_task(maintenance.PurgeFinished)
def purge_finished(self: ReliableTask, payload: maintenance.PurgeFinished) -> None:
    with self.complete():
        maintenance.purge_finished(keep=timedelta(days=settings.CONVEYOR_KEEP_DAYS))
        maintenance.purge_discarded(keep=timedelta(days=settings.CONVEYOR_KEEP_DISCARDED_DAYS))
        maintenance.purge_bulk(keep=timedelta(days=settings.CONVEYOR_KEEP_BULK_DAYS))
        maintenance.purge_hours(keep=_CHARTED)


@reliable_task(maintenance.LookForAlerts)
def look_for_alerts(self: ReliableTask, payload: maintenance.LookForAlerts) -> None:
    """The mails go out before the message is done: a look that fails is repeated, and tells nothing twice."""
    alerts.look()
    with self.complete():
        pass


@reliable_task(maintenance.CheckInvariants)
def check_invariants(self: ReliableTask, payload: maintenance.CheckInvariants) -> None:
    maintenance.check_invariants()
    with self.complete():
        pass


@reliable_task(driver.DriveBulk)
def drive_bulk(self: ReliableTask, payload: driver.DriveBulk) -> None:
    with self.complete():
        driver.drive(operation_id=payload.operation_id, turn=payload.turn)


@reliable_task(driver.KeepBulk)
def keep_bulk(self: ReliableTask, payload: driver.KeepBulk) -> None:
    with self.complete():
        driver.keep()


@reliable_task(maintenance.CountMinutes)
def count_minutes(self: ReliableTask, payload: maintenance.CountMinutes) -> None:
    now = timezone.now()
    minutes = throughput.count_minutes(now=now)
    with self.complete():
        throughput.keep_minutes(minutes, now=now)
