"""Background tasks of $name."""

from extensions.$name import services
from extensions.$name.payloads import RecordOrder
from messaging.worker.task import ReliableTask, reliable_task


@reliable_task(RecordOrder)
def record_order(self: ReliableTask, payload: RecordOrder) -> None:
    """Calls to other systems belong before `complete()`, with an idempotency key; effects inside it."""
    with self.complete():
        services.record_order(order_id=payload.order_id)
