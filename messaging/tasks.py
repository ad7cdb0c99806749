"""The engine's own tasks."""

from datetime import timedelta

from messaging import retention
from messaging.conf import settings
from messaging.worker.task import ReliableTask, reliable_task


@reliable_task(retention.PurgeFinished)
def purge_finished(self: ReliableTask, payload: retention.PurgeFinished) -> None:
    with self.complete():
        retention.purge_finished(keep=timedelta(days=settings.CONVEYOR_KEEP_DAYS))


@reliable_task(retention.CheckInvariants)
def check_invariants(self: ReliableTask, payload: retention.CheckInvariants) -> None:
    retention.check_invariants()
    with self.complete():
        pass
